/**
 * The beginning of every line that is handed over, the same for documents and notes. Every part is ASCII of a fixed
 * length, so the id stands at a fixed place and is copied from there instead of being looked for:
 *
 *     {"@timestamp":"2026-11-21T09:42:02.120001234Z","event":{"id":"BmDGLDsDQSmvp5tBhAAAEJID"
 */
export const LINE_START = '{"@timestamp":"';
/** ISO 8601 with nine digits and Z. */
export const TIME_BYTES = 30;
export const BEFORE_ID = '","event":{"id":"';
export const ID_BYTES = 24;
/** Where in a line its id begins and ends. */
export const ID_AT = LINE_START.length + TIME_BYTES + BEFORE_ID.length;
export const ID_END = ID_AT + ID_BYTES;

/** Whether the fixed parts stand where they should; the time and the id are not looked into. */
export function hasLineHead(line: string): boolean {
  return (
    line.length > ID_END &&
    line.startsWith(LINE_START) &&
    line.startsWith(BEFORE_ID, LINE_START.length + TIME_BYTES) &&
    line[ID_END] === '"'
  );
}

/** The line that tells a bulk request what to do with the next one. It is made once; each document's id is put in its place. */
export interface ActionLine {
  readonly bytes: Buffer;
  readonly idAt: number;
}

/** @param index data stream that the documents go to */
export function actionLine(index: string): ActionLine {
  const beforeId = `{"create":{"_index":${JSON.stringify(index)},"_id":"`;
  const bytes = Buffer.from(`${beforeId}${"-".repeat(ID_BYTES)}"}}\n`);
  return { bytes, idAt: Buffer.byteLength(beforeId) };
}

/**
 * What left the hold within `frameMs` (250 ms) at most: whole documents, in the form in which a bulk request takes them, an
 * action line and the document's own line each:
 *
 *     {"create":{"_index":"logs-mayfly.process-default","_id":"BmDGLDsDQSmvp5tBhAAAEJID"}}
 *     {"@timestamp":"2026-11-21T09:42:02.120001234Z","event":{"id":"BmDGLDsDQSmvp5tBhAAAEJID",...}
 *
 * A frame is written, read, sent and forgotten as one.
 */
export interface Frame {
  /** Of its first document, counted from 0 since the spool was made: names the frame. */
  readonly first: number;
  /** Documents in it. */
  readonly count: number;
  /** The bulk body. Must not be read after Spool.done(): its memory is used again. */
  readonly body: Buffer;
  /** Where in `body` each document's pair of lines ends; `count` of them, the last is body.length. */
  readonly ends: Uint32Array;
  /** An earlier run may have written the same documents, under the same ids: what the first scan found. */
  readonly repeatable: boolean;
  /** Read back from the disk: it may have been sent before, by this run or an earlier one. */
  readonly replayed: boolean;
  /** When its first document left the hold, ms since the epoch. */
  readonly since: number;
}

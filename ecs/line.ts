/*
 * The fixed beginning of every line, whatever it tells:
 *
 *   byte  0  {"@timestamp":"                   15
 *        15  2026-11-21T09:42:02.123456789Z    30
 *        45  ","event":{"id":"                 17
 *        62  BmDGLIQ8Qh2vp5tBhAAAEJID          24
 *        86  "
 *
 * Whoever moves lines finds time and id there without reading JSON (src/output/spool/line.ts).
 */

export const beforeTime = '{"@timestamp":"';
export const beforeId = '","event":{"id":"';

/** Of Instant.iso(). */
export const timeBytes = 30;
/** Of EventIds.make(). */
export const idBytes = 24;

/** Where the id of a line begins. */
export const idAt = beforeTime.length + timeBytes + beforeId.length;

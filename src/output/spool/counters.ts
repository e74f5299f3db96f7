/** What a spool counts; the meanings are those of SpoolStats. */
export interface SpoolCounters {
  committed: number;
  done: number;
  droppedFull: number;
  droppedUnwritable: number;
  damagedFrames: number;
  damagedDocuments: number;
  damagedBytes: number;
  writeErrors: number;
}

export function noCounts(): SpoolCounters {
  return {
    committed: 0,
    done: 0,
    droppedFull: 0,
    droppedUnwritable: 0,
    damagedFrames: 0,
    damagedDocuments: 0,
    damagedBytes: 0,
    writeErrors: 0,
  };
}

/** What the look-up of names did, and every place where it gives up. All of them only grow. */
export class NamesCounters {
  /** The host's passwd and group, read because they were new or had changed. */
  filesRead = 0;
  /** Lines of them that are no account: no name, no number, control characters, a name of more than 256 bytes. */
  junkLines = 0;
  /** Reads of them refused or failed: not a regular file, over the size limit, no permission. Asked of NSS instead. */
  filesRefused = 0;
  /** Runs of getent; one asks for up to 64 ids. */
  getentRuns = 0;
  /** Runs that were killed because they took too long; their ids go without a name for a while. */
  getentTimeouts = 0;
  /** Runs that could not be started, failed, or wrote more than is read. */
  getentFailures = 0;
  /** 1 when there is no getent: ids that are not in the files have no name. */
  getentAbsent = 0;
  /** Ids not asked for because too many waited, or because the run before them hung. */
  getentRefused = 0;
  /** Requests to the helper that reads the files of other roots. */
  rootRequests = 0;
  /** Requests that took too long: the helper was killed, the namespace given up for a while. */
  rootTimeouts = 0;
  /** Requests that failed: no permission, or the helper ended; the namespace is given up for a while. */
  rootFailures = 0;
  /** Requests whose processes had all gone, or left the namespace: the next asker is tried. */
  rootGone = 0;
  /** Files of other roots that are not read: no regular file, over the size limit, a maze of links. */
  rootFilesRefused = 0;
  /** Ids of other roots that were not looked up because too many wait, or the namespace was given up. */
  rootRefused = 0;
  /** Ids found to have no name. */
  unknown = 0;
  /** Answers and namespaces forgotten for others' sake; they are looked up anew when asked for. */
  evicted = 0;
}

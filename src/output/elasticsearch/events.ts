/** Facts beside a message, for programs. */
export type EventDetails = Readonly<Record<string, string | number>>;

/**
 * What the output tells people. `code` is stable and lower case with underscores; `message` is a sentence without
 * credentials that says what to do. Whoever passes this in limits the rate of repeated codes; it must not throw.
 */
export interface ElasticsearchEvents {
  readonly onInfo: (code: string, message: string, details?: EventDetails) => void;
  readonly onWarn: (code: string, message: string, details?: EventDetails) => void;
}

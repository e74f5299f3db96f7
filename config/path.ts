/** `aggregation` and `hold` make `aggregation.hold`; a section "" is the root. */
export function join(section: string, key: string): string {
  return section === "" ? key : `${section}.${key}`;
}

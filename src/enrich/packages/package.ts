/** An installed package, by the words of ECS `package.*`. */
export interface Package {
  readonly name: string;
  /** As the package manager writes it: dpkg's Version, rpm's EVR (`[epoch:]version-release`), apk's V. */
  readonly version: string;
  readonly type: "deb" | "rpm" | "apk";
}

import type { Pattern, Span } from "./rule.ts";

/*
 * Secrets that tell themselves wherever they stand in an argument.
 *
 * Native expressions, because re2js takes 150 ns a character once it has groups to fill and these look at every argument with
 * a telltale. They must take linear time all the same. So each begins with fixed characters, what repeats cannot hold another
 * beginning of a match (or ends the match, so that the search goes on behind it), and no repetition stands in another one
 * that could divide the same text otherwise. test/bench/redaction.ts feeds them 128 KiB of their own beginnings.
 */

export class NativePattern implements Pattern {
  readonly #all: RegExp;
  readonly #any: RegExp;

  /** @param expression with the reasons above for its time; flags g and d are added */
  constructor(expression: RegExp) {
    this.#any = expression;
    this.#all = new RegExp(expression.source, `${expression.flags}gd`);
  }

  test(text: string): boolean {
    return this.#any.test(text);
  }

  find(text: string): readonly Span[] {
    if (!this.#any.test(text)) return [];
    const spans: Span[] = [];
    for (const { indices } of text.matchAll(this.#all)) {
      const [whole, ...groups] = indices ?? [];
      const taken = (groups as (Span | undefined)[]).filter((group) => group !== undefined);
      if (taken.length === 0 && whole !== undefined) spans.push(whole);
      spans.push(...taken.filter(([start, end]) => start < end));
    }
    return spans;
  }
}

/** A rule on whole arguments. Telltales as in Rule. */
export interface TextRule {
  readonly name: string;
  readonly telltales: readonly (readonly string[])[];
  readonly expression: RegExp;
  readonly except?: RegExp;
}

/** What a name of a secret ends in, where `=` or `:` follows. */
const NAME =
  "(?:password|passwd|passphrase|token|secret|secret[-_.]?(?:access[-_.]?)?key|api[-_.]?key|access[-_.]?key|account[-_.]?key" +
  "|encryption[-_.]?key|master[-_.]?key|signature)";
/** Short ones need a separator in front: `PWD=/home` and `bypass=1` stay. */
const SHORT_NAME = "(?<=[?&;] ?)(?:pwd|pass|auth|sig)";
const NAMES = [
  ...[
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "secret-key",
    "secretkey",
    "api-key",
    "apikey",
    "access-key",
  ],
  ...[
    "accesskey",
    "account-key",
    "accountkey",
    "encryption-key",
    "encryptionkey",
    "master-key",
    "masterkey",
    "signature",
  ],
];
const followedBy = (end: string, names: readonly string[]): string[] => names.map((name) => name + end);

export const TEXT_RULES: readonly TextRule[] = [
  {
    name: "url-password",
    telltales: [["://"]],
    expression: /:\/\/(?:[^/?#\s:@"'<>]*:([^/?#\s"'<>]+)|([\w-]{32,}))@/,
  },
  {
    // Behind ? & ; or white space, and within key=value lists of connection strings. Up to where punctuation ends it.
    name: "parameter",
    telltales: [followedBy("=", [...NAMES, "pwd", "pass", "auth", "sig"])],
    expression: new RegExp(`(?:${NAME}|${SHORT_NAME})=(?:"([^"]*)|'([^']*)|(?![="'])([^&;\\s"'<>|]+))`, "i"),
    except: /^(?:true|false|yes|no|on|off)$/i,
  },
  {
    name: "json",
    telltales: [followedBy(" ", [...NAMES, "pass", "pwd"])],
    expression: new RegExp(
      `(?:${NAME}|(?<=["'_])(?:pass|pwd))(?:\\\\+)?["']\\s*:\\s*` +
        `(?:\\\\+["']([^"'\\\\]*)|"([^"\\\\]*(?:\\\\[^][^"\\\\]*)*)|'([^'\\\\]*(?:\\\\[^][^'\\\\]*)*)|(\\d+))`,
      "i",
    ),
  },
  {
    // The scheme stays: Basic or Bearer is worth knowing.
    name: "authorization-header",
    telltales: [["authorization"]],
    expression:
      /authorization(?:\\*["'])?[ \t]*[:=][ \t]*(?:\\*["'])?(?:(?:basic|bearer|digest|negotiate|token|apikey|bot|aws4-hmac-sha256)[ \t]+)?([^\s"'\\][^"'\\\r\n]*)/i,
  },
  {
    name: "secret-header",
    telltales: [["token:", "key:", "secret:", "password:", "auth:", "cookie:"]],
    expression:
      /(?:^-H|(?<![\w-]))(?:x-[\w-]{0,60}(?:token|key|secret|password|auth)|(?:private|job|deploy|circle)-token|api-?key|dd-(?:api|application)-key|ocp-apim-subscription-key|(?:set-)?cookie):[ \t]*([^\s"'][^"'\r\n]*)/i,
  },
  {
    name: "bearer",
    telltales: [["bearer"]],
    expression: /(?<!\w)bearer[ \t]{1,8}([\w.~+/=-]{16,})/i,
  },
  {
    name: "jwt",
    telltales: [[".eyj"]],
    expression: /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{4,}\.[\w-]*(?:\.[\w-]+){0,2}/,
  },
  {
    name: "private-key",
    telltales: [["private key"]],
    expression: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----([\s\S]*?)(?:-----END|$)/,
  },
  {
    // Formats that their makers published so that scanners find them. The id of an AWS key (AKIA...) is no secret and stays.
    name: "token-format",
    telltales: [
      [
        ...[
          "ghp_",
          "gho_",
          "ghu_",
          "ghs_",
          "ghr_",
          "github_pat_",
          "glpat-",
          "gldt-",
          "glrt-",
          "glcbt-",
          "glptt-",
          "glft-",
        ],
        ...[
          "glsoat-",
          "xoxa-",
          "xoxb-",
          "xoxe-",
          "xoxe.",
          "xoxo-",
          "xoxp-",
          "xoxr-",
          "xoxs-",
          "xapp-",
          "hooks.slack.com",
        ],
        ...["aiza", "ya29.", "gocspx-", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "npm_", "pypi-", "dckr_pat_"],
        ...[
          "dckr_oat_",
          "dop_v1_",
          "dor_v1_",
          "doo_v1_",
          "hvs.",
          "hvb.",
          "hvr.",
          "sk-ant-",
          "sk-proj-",
          "glsa_",
          "glc_",
        ],
        ...["dapi", "shpat_", "shpss_", "age-secret-key-"],
      ],
    ],
    expression: new RegExp(
      "(?<![A-Za-z0-9_-])(?:" +
        [
          "gh[pousr]_[A-Za-z0-9]{30,}",
          "github_pat_\\w{22,}",
          "gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\\w-]{16,}(?:\\.[\\w-]+){0,3}",
          "xox[abeoprs][-.][\\w-]{10,}(?:\\.[\\w-]+){0,3}",
          "xapp-[\\w-]{16,}",
          "hooks\\.slack\\.com/(?:services|workflows|triggers)/([\\w/]+)",
          "AIza[\\w-]{35}",
          "ya29\\.[\\w-]{20,}",
          "GOCSPX-[\\w-]{20,}",
          "[sr]k_(?:live|test)_[A-Za-z0-9]{16,}",
          "npm_[A-Za-z0-9]{36}",
          "pypi-[\\w-]{50,}",
          "dckr_(?:pat|oat)_[\\w-]{20,}",
          "do[opr]_v1_[a-f0-9]{64}",
          "hv[sbr]\\.[\\w-]{20,}",
          "sk-(?:ant|proj)-[\\w-]{20,}",
          "gl(?:sa|c)_\\w{20,}",
          "dapi[a-f0-9]{32}",
          "shp(?:at|ss)_[a-fA-F0-9]{32}",
          "AGE-SECRET-KEY-1[A-Z0-9]{50,}",
        ].join("|") +
        ")",
    ),
  },
];

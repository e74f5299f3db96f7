/** Names and values, such as process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substitution {
  readonly text: string;
  /** References that could not be replaced: as written, and what is wrong. */
  readonly faults: readonly { readonly reference: string; readonly message: string }[];
}

/** `$${`, or `${` up to the next `}`, or a `${` that is never closed. */
const references = /\$\$\{|\$\{([^}]*)(\}?)/g;

/**
 * Replaces `${NAME}` by the variable and `${NAME:default}` by the variable or, when it is missing or empty, by the
 * default (all up to the first `}`). `$${` stands for `${`. What was put in is not searched again.
 */
export function substitute(text: string, env: Environment): Substitution {
  const faults: { reference: string; message: string }[] = [];
  const replaced = text.replace(references, (reference: string, inner: string | undefined, close: string) => {
    if (inner === undefined) return "${";
    const read = lookUp(inner, close !== "", env);
    if ("value" in read) return read.value;
    faults.push({ reference, message: read.fault });
    return "";
  });
  return { text: replaced, faults };
}

function lookUp(inner: string, closed: boolean, env: Environment): { value: string } | { fault: string } {
  if (!closed) return { fault: 'a "${" without its "}": close it, or write "$${" for the characters themselves' };
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::(.*))?$/s.exec(inner);
  const name = match?.[1];
  if (name === undefined) {
    return {
      fault: 'not a reference to a variable: write "${NAME}" or "${NAME:default}", or "$${" for the characters',
    };
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  const fallback = match?.[2];
  if (fallback !== undefined) return { value: value === undefined || value === "" ? fallback : value };
  if (value !== undefined) return { value };
  return { fault: `the environment variable ${name} is not set: set it, or give a default, "\${${name}:default}"` };
}

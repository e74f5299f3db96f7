import { readFileSync } from "node:fs";
import { ExitCode, MayflyError } from "../../errors.ts";
import type { CredentialSettings } from "./settings.ts";

export type Credentials =
  | { readonly kind: "api key"; readonly encoded: string }
  | { readonly kind: "basic"; readonly username: string; readonly password: string };

/**
 * Undefined when there are none. Throws BAD_CREDENTIALS when they contradict each other, cannot be read or cannot be right;
 * no message holds any part of them.
 */
export function readCredentials(settings: CredentialSettings): Credentials | undefined {
  const apiKey = oneOf("api_key", settings.apiKey, settings.apiKeyFile);
  const password = oneOf("password", settings.password, settings.passwordFile);
  if (apiKey !== undefined && (settings.username !== undefined || password !== undefined))
    throw bad("api_key and username/password are both set; keep one, the API key if there is a choice");
  if (apiKey !== undefined) return { kind: "api key", encoded: encodedApiKey(apiKey) };
  if (settings.username === undefined && password === undefined) return undefined;
  if (settings.username === undefined || password === undefined)
    throw bad(`${settings.username === undefined ? "username" : "password"} is missing; set both or neither`);
  return { kind: "basic", username: settings.username, password };
}

/** The same while mayfly runs: a file that is just being written says nothing, and the answer 401 is told already. */
export function readCredentialsIfGood(settings: CredentialSettings): Credentials | undefined {
  try {
    return readCredentials(settings);
  } catch (error) {
    if (error instanceof MayflyError) return undefined;
    throw error;
  }
}

function oneOf(name: string, value: string | undefined, path: string | undefined): string | undefined {
  if (value !== undefined && path !== undefined) throw bad(`${name} and ${name}_file are both set; keep one`);
  const secret = path === undefined ? value : readSecret(`${name}_file`, path);
  if (secret === "") throw bad(`${path === undefined ? name : `the file of ${name}_file (${path})`} is empty`);
  return secret;
}

/** Editors and `echo` end a file with a newline that is no part of the secret; other white space may be one. */
function readSecret(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "an unknown fault";
    const advice =
      code === "ENOENT"
        ? "it does not exist; create it, or correct the path"
        : code === "EACCES"
          ? "no permission; let the user that mayfly runs as read it"
          : `the system says ${code}`;
    throw bad(`${name}: cannot read ${path}: ${advice}`);
  }
}

function encodedApiKey(apiKey: string): string {
  if (apiKey.includes(":")) return Buffer.from(apiKey).toString("base64");
  if (!/^[A-Za-z0-9+/]+=*$/.test(apiKey) || !Buffer.from(apiKey, "base64").toString("latin1").includes(":"))
    throw bad('api_key is neither "id:key" nor its base64 form; copy the field "encoded" of the answer that made it');
  return apiKey;
}

function bad(message: string): MayflyError {
  return new MayflyError("BAD_CREDENTIALS", ExitCode.config, `output.elasticsearch: ${message}`);
}

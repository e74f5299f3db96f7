import { type Image, Quality } from "../src/process/facts.ts";
import { hashText } from "./findings.ts";
import { flat } from "./flat.ts";
import { isPlain, quoted, quotedList } from "./json.ts";

/*
 * An Image as members of `process` or of `process.parent`. Hot path.
 *
 * Text is kept from its second use on. The image of a short life is written once and never again; a shell's stands in every
 * child that forks without exec. Keeping all text at the first use would hold the arguments of every living process twice
 * over (128 KiB each at worst) and save nothing.
 */

/** Stands in the slot of a fact whose text was made once and not kept. */
export const writtenOnce: unique symbol = Symbol("written once");

/** Members of `process`, a comma before each. The working directory is not among them: a bare fork has none of its own. */
export function imageText(image: Image): string {
  if (typeof image.rendered === "string") return image.rendered;
  const { env } = image;
  const text =
    programAndArgs(image) +
    hashText(image.findings) +
    (env === undefined || env.length === 0 ? "" : `,"env_vars":${quotedList(env)}`);
  image.rendered = image.rendered === undefined ? writtenOnce : flat(text);
  return text;
}

/** Members of `process.parent`, a comma before each, arguments cut at maxParentArgs. The working directory is not among them. */
export function imageAsParentText(image: Image): string {
  if (!isLongerThanParentArgs(image)) return programAndArgs(image);
  const args = cutArgs(image.args ?? []);
  return programText(image) + argumentsText(args, image.argsCount, args.join(" "));
}

/**
 * `,"previous":{...}`: the image that an exec replaced, arguments cut at maxParentArgs. Kept from the second use on: what a
 * shell starts replaces the shell's image.
 */
export function replacedText(image: Image): string {
  if (typeof image.renderedReplaced === "string") return image.renderedReplaced;
  const text = previousText(image);
  image.renderedReplaced = image.renderedReplaced === undefined ? writtenOnce : flat(text);
  return text;
}

/** `,"working_directory":...`, or nothing. */
export function workingDirectoryText(path: string | undefined): string {
  return path === undefined || path === "" ? "" : member(',"working_directory":"', path);
}

/** Bytes of UTF-8 that a parent's copy of the arguments may have, one separator between two arguments counted. */
export const maxParentArgs = 4096;

/** Whether a child's copy of these arguments is shorter than what the process was given. */
export function argsAreCutInChild(image: Image): boolean {
  return (image.quality & Quality.argsTruncated) !== 0 || isLongerThanParentArgs(image);
}

function isLongerThanParentArgs({ commandLine }: Image): boolean {
  if (commandLine === undefined || commandLine.length * 3 <= maxParentArgs) return false;
  return commandLine.length > maxParentArgs || Buffer.byteLength(commandLine) > maxParentArgs;
}

function previousText(image: Image): string {
  const { executable, argsCount } = image;
  const args = isLongerThanParentArgs(image) ? cutArgs(image.args ?? []) : image.args;
  const members = [
    ...(args === undefined || args.length === 0 ? [] : [`"args":${quotedList(args)}`]),
    ...(argsCount === undefined ? [] : [`"args_count":${argsCount}`]),
    ...(executable === undefined || executable === "" ? [] : [`"executable":${quoted(executable)}`]),
  ];
  return members.length === 0 ? "" : `,"previous":{${members.join(",")}}`;
}

/** As many arguments as fit, the last one cut after a whole character. */
function cutArgs(args: readonly string[]): string[] {
  const cut: string[] = [];
  let room = maxParentArgs;
  for (const arg of args) {
    if (room <= 0) break;
    // encodeInto stops before the character that does not fit.
    const { read, written } = encoder.encodeInto(arg, encoded.subarray(0, room));
    cut.push(read === arg.length ? arg : arg.slice(0, read));
    room = read === arg.length ? room - written - 1 : 0;
  }
  return cut;
}

const encoder = new TextEncoder();
const encoded = new Uint8Array(maxParentArgs);

/** `key` ends with the opening quote: one piece less for a text that is plain, as nearly all are. */
function member(key: string, text: string): string {
  return isPlain(text) ? `${key}${text}"` : key.slice(0, -1) + quoted(text);
}

function programAndArgs(image: Image): string {
  if (image !== lastImage) {
    lastText = programText(image) + argumentsText(image.args, image.argsCount, image.commandLine);
    lastImage = image;
  }
  return lastText;
}

/** A process that leads its own group has its image in one line twice: 0.7 us to look through the arguments again. */
let lastImage: Image | undefined;
let lastText = "";

function programText({ name, executable }: Image): string {
  const first = name === undefined || name === "" ? "" : member(',"name":"', name);
  return executable === undefined || executable === "" ? first : first + member(',"executable":"', executable);
}

/**
 * The command line is the arguments joined by a space (facts.ts), so when it is plain all of them are: one look instead of
 * one for every argument.
 */
function argumentsText(
  args: readonly string[] | undefined,
  count: number | undefined,
  line: string | undefined,
): string {
  const countText = count === undefined ? "" : `,"args_count":${count}`;
  if (args === undefined || args.length === 0) return countText;
  if (line === undefined || line === "") return `,"args":${quotedList(args)}${countText}`;
  if (isPlain(line)) return `,"args":["${args.join('","')}"]${countText},"command_line":"${line}"`;
  return `,"args":${quotedList(args)}${countText},"command_line":${quoted(line)}`;
}

import type { Image } from "../../process/facts.ts";
import { Quality } from "../../process/facts.ts";
import { shellWord, visible } from "./sanitise.ts";
import type { Span } from "./span.ts";
import { span } from "./span.ts";
import type { Style } from "./style.ts";

/** Folders of the program may take this part of a line: 16 columns of 80. */
const FOLDER_SHARE = 5;

/** What of an Image a command line is made of. */
export type CommandFacts = Pick<Image, "args" | "name" | "executable" | "quality">;

/**
 * The command line of an image as one would type it, the program's name standing out. At most about `limit` characters of
 * it are looked at: a process may have megabytes of arguments, and a line shows 80 of them. An ellipsis closes what was
 * cut, here or in the kernel.
 */
export function commandSpans(image: CommandFacts | undefined, style: Style, limit: number): Span[] {
  const { unicode } = style;
  const args = image?.args;
  if (args === undefined || args.length === 0) return withoutArgs(image, unicode);
  const spans = programSpans(beginning(args[0] ?? "", limit), style);
  let left = limit - (args[0]?.length ?? 0);
  for (let i = 1; i < args.length && left >= 0; i++) {
    const arg = args[i] ?? "";
    spans.push(span(" "), ...shellWord(beginning(arg, left), unicode));
    left -= arg.length + 1;
  }
  const isCut = left < 0 || (image !== undefined && (image.quality & Quality.argsTruncated) !== 0);
  if (isCut) spans.push(span(style.signs.ellipsis, "dim"));
  return spans;
}

/** Brackets, as ps(1) has them: this is the executable, not what the process was given. */
function withoutArgs(image: CommandFacts | undefined, unicode: boolean): Span[] {
  const name = image?.name ?? image?.executable;
  if (name === undefined) return [span("[unknown]", "dim")];
  return [span("["), ...visible(name, unicode, "bold"), span("]")];
}

/**
 * /usr/lib/gcc/cc1: the folders step back, and long ones on a narrow terminal give way (…/cc1): there they would push the
 * name off the line.
 */
function programSpans(program: string, style: Style): Span[] {
  const slash = program.lastIndexOf("/") + 1;
  const word = shellWord(program, style.unicode, "bold");
  const whole = word[0];
  if (slash === 0 || slash === program.length || word.length > 1 || whole?.text !== program) return word;
  const folders = slash > style.columns / FOLDER_SHARE ? `${style.signs.ellipsis}/` : program.slice(0, slash);
  return [span(folders, "dim"), span(program.slice(slash), "bold")];
}

/** Never ends with half of a surrogate pair. */
function beginning(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

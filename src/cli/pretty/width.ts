/*
 * Columns that text takes on a terminal. Only text that went through sanitise.ts arrives here, so joiners, variation
 * selectors and controls are gone and a character's columns do not depend on its neighbours. Where terminals disagree
 * (emoji with a skin tone) the larger number is taken: a line may be cut early, it never wraps.
 */

const ASCII = /^[\x20-\x7e]*$/;

/** East Asian Width W and F, as wcwidth(3) has them; checked against Unicode 14's table. Regional indicators are one each. */
const WIDE =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{18d00}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{1f300}-\u{1f320}\u{20000}-\u{3fffd}]/u;
const NARROW_EMOJI = /^[\u{1f1e6}-\u{1f1ff}]/u;
const ZERO = /^[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]/u;

/** Columns of a text. */
export function columnsOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

/** The longest beginning of `text` that takes at most `columns`. */
export function cut(text: string, columns: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, columns));
  let left = columns;
  let end = 0;
  for (const character of text) {
    left -= columnsOfCharacter(character);
    if (left < 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function columnsOfCharacter(character: string): 0 | 1 | 2 {
  if (character < "\u0300") return 1;
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) && !NARROW_EMOJI.test(character) ? 2 : 1;
}

/** Three significant digits in at most six columns: 0.84ms, 12.3ms, 3.02s, 4m12s, 2h05m, 3d04h. */
export function durationText(seconds: number): string {
  const ms = seconds * 1000;
  if (ms < 999.5) return `${threeDigits(ms)}ms`;
  if (seconds < 59.95) return `${threeDigits(seconds)}s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)}m${twoDigits(whole % 60)}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h${twoDigits(minutes % 60)}m`;
  const hours = Math.round(seconds / 3_600);
  return `${Math.floor(hours / 24)}d${twoDigits(hours % 24)}h`;
}

/** 512 B, 84.2 MiB, 1.50 GiB. */
export function bytesText(bytes: number): string {
  let amount = bytes;
  let unit = "B";
  for (const next of ["KiB", "MiB", "GiB", "TiB"]) {
    if (amount < 1000) break;
    amount /= 1024;
    unit = next;
  }
  return unit === "B" ? `${amount} B` : `${threeDigits(amount)} ${unit}`;
}

/** 1 process, 4,812 processes. */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return `${numberText(count)} ${count === 1 ? noun : plural}`;
}

/** 4,812: the same in every locale, as the rest of the text is English. */
export function numberText(count: number): string {
  return count.toLocaleString("en-US");
}

function threeDigits(amount: number): string {
  if (amount < 9.995) return amount.toFixed(2);
  return amount < 99.95 ? amount.toFixed(1) : amount.toFixed(0);
}

function twoDigits(amount: number): string {
  return String(amount).padStart(2, "0");
}

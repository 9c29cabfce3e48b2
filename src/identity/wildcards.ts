// Wildcards in policies.

/**
 * Whether a pattern with `*` (any characters) and `?` (one character) matches the whole text.
 * Backtracking goes back only to the last star, so the cost is at most the product of both lengths,
 * even for a malicious pattern.
 */
export function isLike(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/**
 * Like {@link isLike}, for ARNs. The first five of the six parts are matched separately, so a star
 * in one part does not match across parts.
 */
export function isArnLike(pattern: string, arn: string): boolean {
  const wanted = arnParts(pattern);
  const found = arnParts(arn);
  return wanted.length === found.length && wanted.every((part, i) => isLike(part, found[i] ?? ''));
}

function arnParts(arn: string): string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), ...(parts.length > 5 ? [parts.slice(5).join(':')] : [])];
}

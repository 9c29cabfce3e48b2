// Names of anchors.

/**
 * Returns the anchor of a heading as GitHub names it, so that links work there and on the site.
 *
 * @param {string} heading its text, without markup
 */
export function slugOf(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}

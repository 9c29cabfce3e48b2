// The content security policy of web consoles.

/**
 * Returns the policy of pages that run and show files of their own site, and call its API. Styles are
 * files too. Scripts style elements only through the object model, which the policy permits.
 *
 * @param trustedTypes the names of the policies that may create HTML or code from text, or `'none'`
 */
export function pagePolicy(trustedTypes: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    `trusted-types ${trustedTypes}`,
  ].join('; ');
}

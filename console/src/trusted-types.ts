// The one place where text is parsed as markup: answers of APIs with XML, which the clients of AWS read
// with the browser's parser. Its documents are never shown. The Content-Security-Policy refuses
// every other use of text as HTML, and every use as code.

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: {
      readonly createHTML: (text: string, type: string, sink: string) => string | undefined;
    },
  ): unknown;
}

/** Browsers without trusted types have no such rule. */
const { trustedTypes } = globalThis as unknown as { readonly trustedTypes?: TrustedTypes };

trustedTypes?.createPolicy('default', {
  createHTML: (text, _, sink) => (sink === 'DOMParser parseFromString' ? text : undefined),
});

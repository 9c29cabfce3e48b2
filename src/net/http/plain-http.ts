// Answers to HTTP clients without TLS.

/**
 * Returns the answer for an HTTP client that does not use TLS; undefined for any other client.
 *
 * @param schemes those of the URLs that lead to the port
 */
export function answerPlainHttp(bytes: Buffer, schemes: readonly string[]): Buffer | undefined {
  if (!/^[A-Z]{3,7} /.test(bytes.toString('latin1', 0, 16))) return undefined;
  const urls = schemes.map((scheme) => `${scheme}://`).join(' or ');
  const advice = `this port accepts connections over TLS only: use ${urls}`;
  const head = 'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n';
  return Buffer.from(`${head}Content-Length: ${advice.length + 1}\r\n\r\n${advice}\n`);
}

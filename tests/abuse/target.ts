/** What attackers know about a service: its ports, and names that are not secret. */
export interface Target {
  readonly apiPort: number;
  readonly amqpPort: number;
  /** Address that the attack comes from. */
  readonly from: string;
  readonly accessKeyId: string;
  readonly region: string;
  /** Name of a user of the broker. */
  readonly user: string;
}

/** The headers of a call that looks signed until its signature is checked, which needs the body. */
export function plausibleHead(
  { accessKeyId, region }: Target,
  bodyHeaders: readonly string[],
  contentType = 'application/x-amz-json-1.1',
): string {
  const now = new Date(Date.now()).toISOString();
  const time = `${now.slice(0, 19).replace(/[-:]/g, '')}Z`;
  const scope = `${time.slice(0, 8)}/${region}/kms/aws4_request`;
  return [
    'POST / HTTP/1.1',
    'Host: localhost',
    `Content-Type: ${contentType}`,
    ...(contentType.includes('json') ? ['X-Amz-Target: TrentService.ListKeys'] : []),
    `X-Amz-Date: ${time}`,
    `Authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, ` +
      'SignedHeaders=content-type;host;x-amz-date;x-amz-target, ' +
      `Signature=${'0'.repeat(64)}`,
    ...bodyHeaders,
    '',
    '',
  ].join('\r\n');
}

// The metrics of the service in a support bundle.

import { request } from 'node:https';
import type { Environment } from '../../server/environment.ts';

const bytesMax = 8 * 1024 * 1024;
const timeoutMs = 60_000;

/**
 * Reads the metrics of the running service, as Prometheus does. What is longer than 8 MiB is cut off
 * at the end of a line. If they cannot be read, the text says why.
 *
 * @param ca the authority of the API, PEM
 */
export async function metricsText(environment: Environment, ca: string): Promise<string> {
  const { WAXWING_METRICS_URL: url = '', WAXWING_METRICS_TOKEN: token = '' } = environment;
  return read(url, token, ca).catch(
    ({ code = 'no answer' }: NodeJS.ErrnoException) => `not available: ${code}\n`,
  );
}

function read(url: string, token: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const sent = request(url, { ca, headers, timeout: timeoutMs }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('error', reject);
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size <= bytesMax) return void parts.push(part);
        sent.destroy();
        resolve(wholeLines(parts));
      });
      response.on('end', () =>
        resolve(
          response.statusCode === 200 ? wholeLines(parts) : `status ${response.statusCode}\n`,
        ),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error('no data')));
    sent.on('error', reject);
    sent.end();
  });
}

function wholeLines(parts: readonly Buffer[]): string {
  const text = Buffer.concat(parts).toString('utf8');
  return text.slice(0, text.lastIndexOf('\n') + 1);
}

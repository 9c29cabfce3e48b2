// A metric of a running service.

import { get } from 'node:https';
import type { Waxwing } from './waxwing.ts';

/** Returns the value of a metric of a service; NaN if there is none with this name. */
export async function serviceMetric(waxwing: Waxwing, name: string): Promise<number> {
  const text = await serviceMetrics(waxwing);
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1]);
}

/** Returns the metrics of a service in the format of Prometheus. */
export function serviceMetrics(waxwing: Waxwing): Promise<string> {
  const { WAXWING_METRICS_URL: url = '', WAXWING_METRICS_TOKEN: token } = waxwing.environment;
  const headers = { Authorization: `Bearer ${token}` };
  return new Promise<string>((resolve, reject) => {
    get(url, { ca: waxwing.ca, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.on('end', () => resolve(body));
    }).on('error', reject);
  });
}

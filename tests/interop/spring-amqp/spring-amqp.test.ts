import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { administrator, ManagementHost } from '../../management/management-host.ts';
import { findPrograms } from '../../support/other-programs.ts';
import { isLong } from '../../support/proof.ts';

// Spring AMQP, which is not downloaded: declarations, confirms, returns, transactions, a listener with
// retries, request and reply, and the health check of Spring Boot.

const run = promisify(execFile);
const timeout = 300_000;
const source = fileURLToPath(
  new URL('../../../../tests/interop/spring-amqp/SpringWalk.java', import.meta.url),
);
/** The class path of Spring AMQP 2.1 and Spring Boot's health check, with all that they need. */
const classPath = process.env['WAXWING_SPRING_CLASS_PATH'] ?? '';

const javac = { name: 'javac', versionArguments: ['-version'], package: 'default-jdk-headless' };

/** The compiler of Java, or why the test cannot run. */
async function compiler(): Promise<{ readonly path: string } | string> {
  if (!isLong) return 'it runs Spring: only in long runs';
  if (classPath === '') return 'WAXWING_SPRING_CLASS_PATH names no class path of Spring AMQP';
  const found = await findPrograms(javac);
  return typeof found === 'string' ? found : (found[0] ?? 'there is no javac');
}

const found = await compiler();
const skip = typeof found === 'string' ? found : false;

test('Spring AMQP and Spring Boot’s health check work as with RabbitMQ', { skip }, async () => {
  if (typeof found === 'string') return;
  const bin = (name: string) => found.path.replace(/javac$/, name);
  const host = await ManagementHost.open();
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-spring-'));
  try {
    const [name = '', password = ''] = administrator.split(':');
    const ca = join(folder, 'ca.pem');
    const store = join(folder, 'trust.p12');
    writeFileSync(ca, host.authority);
    const keep = ['-keystore', store, '-storepass', 'changeit', '-storetype', 'PKCS12'];
    await run(bin('keytool'), ['-importcert', '-noprompt', '-alias', 'ca', '-file', ca, ...keep]);
    await run(found.path, ['-nowarn', '-proc:none', '-d', folder, '-cp', classPath, source], {
      timeout,
    });
    const all = ['-cp', `${folder}:${classPath}`, 'SpringWalk'];
    const port = String(host.broker.ports['amqps']);
    const env = { PATH: process.env['PATH'], BROKER_USER: name, BROKER_PASSWORD: password };
    const { stdout } = await run(bin('java'), [...all, port, store], { env, timeout });
    assert.deepEqual(stdout.trim().split('\n'), [
      'health: UP',
      'declarations: 0',
      'repeated: 0',
      "other arguments: channel error; protocol method: #method<channel.close>(reply-code=406, reply-text=PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'orders' in vhost '/': received none but current is the value '600000' of type 'signedint', class-id=50, method-id=10)",
      'confirm and return: true true false 312 NO_ROUTE one',
      'transactions: kept null',
      'retries: 3 bad {count=1, exchange=, queue=orders, reason=rejected, routing-keys=[orders]}',
      'redelivery: false true',
      'request and reply: [DIRECT, QUEUE]',
    ]);
  } finally {
    await host.close();
    rmSync(folder, { recursive: true });
  }
});

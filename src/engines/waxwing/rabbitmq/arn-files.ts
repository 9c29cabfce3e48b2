// What ARNs in configurations name: files in a folder of the operator.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { WaxwingError } from '../../../base/errors.ts';

/** Maximum size of a file, bytes. */
const sizeBytesMax = 256 * 1024;

/** Permissions of others on a file with a secret. */
const othersMask = 0o077;

/** An ARN of each service, whose groups are the path of its file. */
const forms: readonly RegExp[] = [
  /^arn:aws[a-z-]*:(s3):::([^/]+)\/(.+)$/,
  /^arn:aws[a-z-]*:(secretsmanager):[a-z0-9-]+:\d{12}:secret:(.+)$/,
  /^arn:aws[a-z-]*:(acm-pca):[a-z0-9-]+:\d{12}:certificate-authority\/(.+)$/,
];

/** A part of a path. */
const segment = /^(?!\.{1,2}$)[\w.+=@!-]{1,255}$/;

/**
 * Returns the path of the file for an ARN, relative to the folder: `s3/BUCKET/KEY`, `secretsmanager/NAME`, or
 * `acm-pca/ID`. Undefined for another ARN.
 */
export function pathOfArn(arn: string): string | undefined {
  for (const form of forms) {
    const [, ...parts] = form.exec(arn) ?? [];
    const segments = parts.flatMap((part) => part.split('/'));
    if (segments.length > 1 && segments.every((each) => segment.test(each)))
      return join(...segments);
  }
  return undefined;
}

/** The action that a broker reports as required if an ARN cannot be used, by the key without its prefix. */
function codeOf(key: string): string {
  if (key.startsWith('auth_ldap.')) return 'rabbitmq-invalid-arn-ldap';
  if (key.startsWith('auth_http.')) return 'rabbitmq-invalid-arn-http';
  if (key.startsWith('ssl_options.')) return 'rabbitmq-invalid-arn-ssl';
  return 'rabbitmq-invalid-arn';
}

/**
 * Reads what an ARN names.
 *
 * @param folder undefined if the operator has none
 * @param key the key of the configuration without `aws.arns.`
 * @throws {WaxwingError} `rabbitmq-invalid-arn`, `rabbitmq-invalid-arn-ldap`, `…-http`, `…-ssl`. The text
 *   does not contain what was read.
 */
export async function readArn(
  folder: string | undefined,
  key: string,
  arn: string,
): Promise<string> {
  const fail = (why: string, cause?: unknown): never => {
    throw new WaxwingError(codeOf(key), `key aws.arns.${key}: ${why}`, { cause });
  };
  if (folder === undefined) return fail('ARNs need the option --arn-folder of the service');
  const path = pathOfArn(arn);
  if (path === undefined) {
    return fail('the ARN is not one of S3, Secrets Manager, or a certificate authority');
  }
  const isSecret = path.startsWith('secretsmanager/');
  try {
    const file = await open(join(folder, path), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > sizeBytesMax) {
        return fail(`${path} is not a file of at most ${sizeBytesMax} bytes`);
      }
      if (isSecret && (stat.mode & othersMask) !== 0) {
        return fail(`${path} can be read by others than its owner; mode 0600 is required`);
      }
      return (await file.readFile('utf8')).replace(/\r?\n$/, '');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof WaxwingError) throw error;
    return fail(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`, error);
  }
}

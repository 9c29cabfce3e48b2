// The Java machine of this machine.

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { executable, programInPath } from '../../base/programs/program-path.ts';
import { plainEnvironment, runProgram } from '../../base/programs/run-program.ts';
import { PathCache, type Variables } from './candidates.ts';
import { InstallationError } from './errors.ts';

/** An installed Java. */
export interface InstalledJava {
  /** The path of `java`. */
  readonly program: string;
  /** `17.0.15` */
  readonly version: string;
}

const timeoutMs = 30_000;
const known = new PathCache<InstalledJava>();

/**
 * Finds Java: in the folder that the variable `JAVA_HOME` names, or on the path.
 *
 * @throws {InstallationError} `engine-not-found`, `engine-unusable`
 */
export async function findJava(variables: Variables): Promise<InstalledJava> {
  const home = variables['JAVA_HOME'] ?? '';
  const program =
    home === '' ? await programInPath('java') : await executable(join(home, 'bin', 'java'));
  if (program !== undefined) return known.get(program, () => askJava(program));
  const where = home === '' ? plainEnvironment.PATH : `${home}/bin, which JAVA_HOME names`;
  throw new InstallationError('engine-not-found', `there is no 'java' in ${where}`);
}

/** A Java machine has a file with its version. The program takes longer to state it. */
async function askJava(program: string): Promise<InstalledJava> {
  const release = await readFile(join(dirname(program), '..', 'release'), 'utf8').catch(() => '');
  const [, stated] = /^JAVA_VERSION="([^"\s]{1,64})"/m.exec(release) ?? [];
  if (stated !== undefined) return { program, version: stated };
  const { code, output, errors } = await runProgram(program, ['-version'], { timeoutMs });
  const [, version] = /version "([^"\s]{1,64})"/.exec(errors) ?? [];
  if (code === 0 && version !== undefined) return { program, version };
  const text = `${program} does not state its version: ${errors || output || `exit code ${code}`}`;
  throw new InstallationError('engine-unusable', text.slice(0, 500));
}

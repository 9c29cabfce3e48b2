// botocore's model of KMS as the judge of requests.

import { spawnSync } from 'node:child_process';
import type { RelayedRequest } from './kms-relay.ts';

const program = `
import base64, json, re, sys
import botocore.session
from botocore.validate import ParamValidator

# Members that are newer than a model.
later = set() if 'DryRun' in botocore.session.get_session().get_service_model('kms').operation_model('Decrypt').input_shape.members else {'DryRun'}
model = botocore.session.get_session().get_service_model('kms')

def read(shape, value, path, found):
    """Converts blobs, and checks what ParamValidator leaves out: patterns, maxima, unknown members."""
    if shape.type_name == 'structure':
        for name in value:
            if name not in shape.members and name not in later:
                found.append(path + '.' + name + ' is unknown')
        return {name: read(shape.members[name], each, path + '.' + name, found)
                for name, each in value.items() if name in shape.members}
    if shape.type_name == 'list':
        return [read(shape.member, each, path + '[]', found) for each in value]
    if shape.type_name == 'map':
        return {read(shape.key, key, path + '.key', found): read(shape.value, each, path + '.' + key, found)
                for key, each in value.items()}
    if shape.type_name == 'blob':
        value = base64.b64decode(value, validate=True)
    limits = shape.metadata
    if shape.type_name in ('string', 'blob', 'list') and len(value) > limits.get('max', len(value)):
        found.append(path + ' is too long')
    if shape.type_name == 'string' and 'pattern' in limits and not re.search(limits['pattern'], value):
        found.append(path + ' does not match ' + limits['pattern'])
    if getattr(shape, 'enum', None) and value not in shape.enum:
        found.append(path + ' is none of ' + ', '.join(shape.enum))
    return value

for line in sys.stdin:
    sent = json.loads(line)
    prefix, name = sent['target'].split('.')
    found = [] if prefix == model.metadata['targetPrefix'] else ['the prefix ' + prefix]
    shape = model.operation_model(name).input_shape
    parameters = read(shape, json.loads(sent['body']), name, found)
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        found.append(report.generate_report())
    print(json.dumps(found))
`;

/**
 * Validates requests with the model of a botocore of this machine.
 *
 * @returns the problems of each; or why there is no botocore
 */
export function judged(requests: readonly RelayedRequest[]): string[][] | string {
  const python = newestPython();
  if (python === undefined) return 'no python3 of this machine has botocore';
  const input = requests.map((each) => JSON.stringify(each)).join('\n');
  const ended = spawnSync(python, ['-c', program], { input, encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(ended.stderr);
  const lines = ended.stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as string[]);
}

/** The Python with the newest botocore. */
function newestPython(): string | undefined {
  const found = ['python3', '/usr/bin/python3'].map((path) => {
    const ask = ['-c', 'import botocore; print(botocore.__version__)'];
    return { path, version: spawnSync(path, ask, { encoding: 'utf8' }).stdout };
  });
  const known = found.filter(({ version }) => version);
  const numeric = { numeric: true };
  known.sort((a, b) => a.version.localeCompare(b.version, undefined, numeric));
  return known.at(-1)?.path;
}

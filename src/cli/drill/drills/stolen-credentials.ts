// The drill `stolen-credentials`.

import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import type { Credentials } from '../service/clients.ts';
import type { ServiceProcess } from '../service/service-process.ts';

const everything =
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';

/** Somebody has the access key of a user, and sessions of it. */
export const stolenCredentials: Drill = {
  name: 'stolen-credentials',
  promise:
    'A deactivated access key is refused from the next call; a changed session token, and the session of a deleted user, are refused.',
  run: async (lab) => {
    const service = await lab.service();
    const { iam } = service.aws;
    const UserName = lab.word('user');
    await iam.createUser({ UserName });
    await iam.putUserPolicy({ UserName, PolicyName: 'all', PolicyDocument: everything });
    const { AccessKey } = await iam.createAccessKey({ UserName });
    const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
    const stolen = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
    const clients = await service.clients(stolen);
    await saw(lab, service, 'the stolen key', stolen, true);
    const { Credentials: issued } = await clients.sts.getSessionToken({});
    const session = {
      accessKeyId: issued?.AccessKeyId ?? '',
      secretAccessKey: issued?.SecretAccessKey ?? '',
      sessionToken: issued?.SessionToken ?? '',
    };
    await saw(lab, service, 'its session', session, true);
    const changed = await lab.step(
      'change',
      'changed a character of the session token',
      async () => ({ ...session, sessionToken: withOtherCharacter(session.sessionToken) }),
      session,
    );
    await saw(lab, service, 'a changed session token', changed, false);
    await lab.step('deactivate', 'deactivated the key', () =>
      iam.updateAccessKey({ UserName, AccessKeyId, Status: 'Inactive' }),
    );
    await saw(lab, service, 'the deactivated key', stolen, false);
    await lab.step('delete', 'deleted the user', async () => {
      await iam.deleteAccessKey({ UserName, AccessKeyId });
      await iam.deleteUserPolicy({ UserName, PolicyName: 'all' });
      await iam.deleteUser({ UserName });
    });
    await saw(lab, service, 'the session of the deleted user', session, false);
  },
};

function withOtherCharacter(token: string): string {
  const at = Math.floor(token.length / 2);
  const other = token[at] === 'A' ? 'B' : 'A';
  return `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
}

async function saw(
  lab: Lab,
  service: ServiceProcess,
  what: string,
  credentials: Credentials,
  isAccepted: boolean,
): Promise<void> {
  const clients = await service.clients(credentials);
  const error = await clients.kms.listKeys({}).then(
    () => undefined,
    (refused: Error) => refused,
  );
  lab.saw(
    `${what} is ${isAccepted ? 'accepted' : 'refused'}`,
    (error === undefined) === isAccepted,
    error === undefined ? 'accepted' : error.name,
  );
}

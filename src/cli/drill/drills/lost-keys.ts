// The drills `disabled-key` and `revoked-grant`.

import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import { brokerWithMessages, isInState, type PreparedBroker } from '../service/prepared.ts';
import type { ServiceProcess } from '../service/service-process.ts';
import { isRunning, waitFor } from '../service/wait.ts';

/** The key of a broker is disabled, and enabled again. */
export const disabledKey: Drill = {
  name: 'disabled-key',
  promise:
    'If the key of a broker is disabled, its clients are disconnected and its process, which alone had the data key, ends. It returns with the key.',
  run: async (lab) => {
    const service = await lab.service();
    const broker = await brokerWithMessages(lab, service);
    const { kms } = service.aws;
    await sawStopped(lab, service, broker, () =>
      lab.step('disable', 'disabled the key', () => kms.disableKey({ KeyId: broker.keyArn })),
    );
    await lab.step('enable', 'enabled the key again', () =>
      kms.enableKey({ KeyId: broker.keyArn }),
    );
    const isBack = await isInState(service, broker.id, 'RUNNING', lab.effectMs * 3);
    lab.saw('the broker runs again', isBack, isBack ? 'RUNNING' : 'not RUNNING');
    if (isBack) await sawMessages(lab, service, broker);
  },
};

/** The grant by which the service uses the key of a broker is revoked. */
export const revokedGrant: Drill = {
  name: 'revoked-grant',
  promise: 'If the grant on the key of a broker is revoked, the broker stops for good.',
  run: async (lab) => {
    const service = await lab.service();
    const broker = await brokerWithMessages(lab, service);
    const { kms } = service.aws;
    const KeyId = broker.keyArn;
    const { Grants = [] } = await kms.listGrants({ KeyId });
    const GrantId = Grants.find(({ Name }) => Name === 'mq_grant')?.GrantId;
    await sawStopped(lab, service, broker, () =>
      lab.step('revoke', 'revoked the grant of Amazon MQ', () =>
        kms.revokeGrant({ KeyId, GrantId }),
      ),
    );
    await lab.step('enable', 'disabled and enabled the key', async () => {
      await kms.disableKey({ KeyId });
      await kms.enableKey({ KeyId });
    });
    const { BrokerState } = await service.aws.mq.describeBroker({ BrokerId: broker.id });
    const isStopped = BrokerState === 'CRITICAL_ACTION_REQUIRED';
    lab.saw('enabling the key does not bring it back', isStopped, `${BrokerState}`);
    const error = await service.connect(broker.url).then(
      (client) => client.close(),
      (refused: Error) => refused,
    );
    lab.saw('nobody can connect', error !== undefined, error?.message ?? 'a client connected');
  },
};

/** Takes the key away, and reports whether the broker stopped. */
async function sawStopped(
  lab: Lab,
  service: ServiceProcess,
  broker: PreparedBroker,
  takeAway: () => Promise<unknown>,
): Promise<void> {
  const client = await service.connect(broker.url);
  const pid = (await service.brokerPid(broker.id)) ?? 0;
  lab.saw('the broker has a process of its own', pid !== 0, `process ${pid}`);
  let reason = '';
  const noted = client.ended.then((text) => {
    reason = text;
  });
  await takeAway();
  const { effectMs } = lab;
  const isStopped = await isInState(service, broker.id, 'CRITICAL_ACTION_REQUIRED', effectMs);
  const { BrokerState, ActionsRequired } = await service.aws.mq.describeBroker({
    BrokerId: broker.id,
  });
  const code = ActionsRequired?.[0]?.ActionRequiredCode ?? '';
  lab.saw(
    `the broker stops within ${effectMs / 1000} seconds`,
    isStopped && code === 'RABBITMQ_INVALID_KMS_KEY',
    `${BrokerState} ${code}`,
  );
  const hasEnded = isStopped && (await waitFor(() => reason !== '', effectMs)) === true;
  if (hasEnded) await noted;
  else await client.close();
  lab.saw(
    'its client is disconnected with the reason',
    hasEnded && reason.includes('KMS key cannot be used'),
    reason || 'still connected',
  );
  const isGone =
    isStopped && (await waitFor(async () => !(await isRunning(pid)), effectMs)) === true;
  lab.saw('its process has ended', isGone, isGone ? `process ${pid} is gone` : `it still runs`);
}

async function sawMessages(
  lab: Lab,
  service: ServiceProcess,
  { url, queue, bodies }: PreparedBroker,
): Promise<void> {
  const client = await service.connect(url);
  const taken = await client.take(queue);
  await client.close();
  const isComplete = taken.join() === bodies.join();
  lab.saw('all messages are there, in order', isComplete, `${taken.length} messages`);
}

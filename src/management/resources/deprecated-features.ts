// Deprecated features of RabbitMQ: /api/deprecated-features.

import { type Answer, jsonAnswer } from '../answers.ts';
import type { ApiRequest } from '../request.ts';
import { inSlices, itemsPerStep } from '../slices.ts';

type Phase = 'permitted_by_default' | 'denied_by_default' | 'removed';

interface Feature {
  readonly name: string;
  /** Its phases in RabbitMQ 3.13, 4.2 and 4.3; undefined where it is not listed. */
  readonly phases: readonly [Phase | undefined, Phase, Phase];
  readonly docUrl: string;
}

const announcements =
  'https://blog.rabbitmq.com/posts/2021/08/4.0-deprecation-announcements/#removal-of-';
const transientQueues = 'transient_nonexcl_queues';

const features: readonly Feature[] = [
  {
    name: 'amqp_address_v1',
    phases: [undefined, 'permitted_by_default', 'denied_by_default'],
    docUrl: 'https://www.rabbitmq.com/docs/amqp#addresses',
  },
  {
    name: 'amqp_filter_set_bug',
    phases: [undefined, 'permitted_by_default', 'denied_by_default'],
    docUrl:
      'https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-messaging-v1.0-os.html#type-filter-set',
  },
  {
    name: 'classic_queue_mirroring',
    phases: ['permitted_by_default', 'removed', 'removed'],
    docUrl: `${announcements}classic-queue-mirroring`,
  },
  {
    name: 'global_qos',
    phases: ['permitted_by_default', 'permitted_by_default', 'denied_by_default'],
    docUrl: `${announcements}global-qos`,
  },
  {
    name: 'queue_master_locator',
    phases: [undefined, 'permitted_by_default', 'denied_by_default'],
    docUrl: '',
  },
  {
    name: transientQueues,
    phases: ['permitted_by_default', 'permitted_by_default', 'denied_by_default'],
    docUrl: `${announcements}transient-non-exclusive-queues`,
  },
];

/** The features of the broker's version, as RabbitMQ lists them. */
function featuresOf({ broker }: ApiRequest) {
  const { engineVersion } = broker;
  const at = engineVersion.startsWith('3.') ? 0 : /^4\.[0-2](\.|$)/.test(engineVersion) ? 1 : 2;
  return features.flatMap(({ name, phases, docUrl }) => {
    const phase = phases[at];
    if (phase === undefined) return [];
    return [{ name, desc: '', deprecation_phase: phase, doc_url: docUrl, provided_by: 'rabbit' }];
  });
}

/** `GET /api/deprecated-features`: those that a broker can have. */
export function listDeprecated(request: ApiRequest): Answer {
  return jsonAnswer(featuresOf(request));
}

/** `GET /api/deprecated-features/used`: whether there are such queues; the others are not looked for. */
export async function listUsedDeprecated(request: ApiRequest): Promise<Answer> {
  const isUsed = await inSlices(request.background, hasTransientQueue(request));
  return jsonAnswer(
    isUsed ? featuresOf(request).filter(({ name }) => name === transientQueues) : [],
  );
}

function* hasTransientQueue({ broker }: ApiRequest): Generator<void, boolean> {
  let count = 0;
  for (const vhost of broker.vhosts.values()) {
    for (const { options } of vhost.queues.values()) {
      if (!options.durable && !options.exclusive) return true;
      if (++count % itemsPerStep === 0) yield;
    }
  }
  return false;
}

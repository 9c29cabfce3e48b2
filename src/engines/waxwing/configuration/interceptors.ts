// Reads virtual topics, composite destinations and mirrored queues.

import {
  type ActiveMqConfiguration,
  type CompositeDestination,
  defaultVirtualTopic,
  type VirtualTopic,
} from '../../../broker/activemq/configuration.ts';
import {
  isReserved,
  isWildcard,
  parseDestination,
  partCountMax,
} from '../../../broker/activemq/destination.ts';
import { Selector } from '../../../broker/activemq/selectors/selector.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import { BrokerError } from '../../../broker/errors.ts';
import { type ConfigurationElement, destinationsIn, namesOf, type Warn } from './elements.ts';

/** Maximum number of virtual topics and of composite destinations, as every message meets them. */
const virtualCountMax = 100;

type Interceptors = Pick<ActiveMqConfiguration, 'composites' | 'mirror' | 'virtualTopics'>;

/**
 * Reads the interceptors of a configuration. As in ActiveMQ, those of `destinationInterceptors` replace all
 * default ones: `useVirtualTopics` and `useMirroredQueues` have an effect only if there are none.
 */
export function readInterceptors(broker: ConfigurationElement, warn: Warn): Interceptors {
  const listed = broker.at('destinationInterceptors').flatMap((each) => each.children());
  const path = ['virtualDestinationInterceptor', 'virtualDestinations'];
  const destinations = broker.at('destinationInterceptors', ...path);
  const composites = destinations.flatMap((each) => readComposites(each, warn));
  const topics = destinations.flatMap((each) =>
    each.children('virtualTopic').map(readVirtualTopic),
  );
  const isDefault = listed.length === 0 && broker.flag('useVirtualTopics', true);
  return {
    virtualTopics: limited(isDefault ? [defaultVirtualTopic] : topics, 'virtualTopic', warn),
    composites: limited(composites, 'composite destination', warn),
    mirror: readMirror(broker, listed.length === 0),
  };
}

function limited<T>(list: readonly T[], what: string, warn: Warn): readonly T[] {
  if (list.length > virtualCountMax) {
    warn(`only the first ${virtualCountMax} elements have an effect: ${what}`);
  }
  return list.slice(0, virtualCountMax);
}

function readVirtualTopic(topic: ConfigurationElement): VirtualTopic {
  return {
    name: topic.attribute('name') ?? '>',
    prefix: topic.attribute('prefix') ?? defaultVirtualTopic.prefix,
    postfix: topic.attribute('postfix') ?? defaultVirtualTopic.postfix,
    isSelectorAware: topic.flag('selectorAware', false),
  };
}

function readComposites(virtual: ConfigurationElement, warn: Warn): CompositeDestination[] {
  return (['queue', 'topic'] as const).flatMap((kind) =>
    virtual
      .children(kind === 'queue' ? 'compositeQueue' : 'compositeTopic')
      .flatMap((composite) => {
        const targets = composite.at('forwardTo').flatMap((box) => readTargets(box, warn));
        if (targets.length > partCountMax) {
          warn(`${composite.name} forwards to more than ${partCountMax} destinations`);
        }
        const keeps = readKeeps(composite);
        return namesOf(composite, 'name', kind, warn).map((of) => ({
          of: { ...of, kind },
          keeps,
          targets: targets.slice(0, partCountMax),
        }));
      }),
  );
}

/** As in ActiveMQ, `sendWhenNotMatched` takes precedence over `forwardOnly`. */
function readKeeps(composite: ConfigurationElement): CompositeDestination['keeps'] {
  if (composite.flag('sendWhenNotMatched', false)) return 'unmatched';
  return composite.flag('forwardOnly', true) ? 'none' : 'all';
}

function readTargets(box: ConfigurationElement, warn: Warn): CompositeDestination['targets'] {
  const plain = destinationsIn(box, warn).map((address) => ({ address, selector: undefined }));
  const filtered = box.children('filteredDestination').flatMap((element) => {
    const selector = element.attribute('selector');
    if (!isSelector(selector)) {
      warn('a filteredDestination with an invalid selector has no effect');
      return [];
    }
    return (['queue', 'topic'] as const).flatMap((kind) =>
      namesOf(element, kind, kind, warn).map((address) => ({ address, selector })),
    );
  });
  return [...plain, ...filtered].filter(({ address }) => isTarget(address, warn));
}

function isSelector(text: string | undefined): boolean {
  try {
    if (text !== undefined) new Selector(text, { convertsText: false });
    return true;
  } catch (error) {
    if (error instanceof BrokerError) return false;
    throw error;
  }
}

function isTarget(address: Address, warn: Warn): boolean {
  const isOrdinary = address.kind === 'queue' || address.kind === 'topic';
  if (isOrdinary && !isWildcard(address) && !isReserved(address)) return true;
  warn('a forwardTo has no effect for names with wildcards, temporary and reserved names');
  return false;
}

function readMirror(broker: ConfigurationElement, isDefault: boolean): Interceptors['mirror'] {
  const [mirrored] = broker.at('destinationInterceptors', 'mirroredQueue');
  const isWanted = isDefault ? broker.flag('useMirroredQueues', false) : mirrored !== undefined;
  if (!isWanted) return undefined;
  const prefix = mirrored?.attribute('prefix') ?? 'VirtualTopic.Mirror.';
  const postfix = mirrored?.attribute('postfix') ?? '';
  try {
    parseDestination(`${prefix}q${postfix}`, 'topic');
    return { prefix, postfix };
  } catch (error) {
    if (error instanceof BrokerError) return undefined;
    throw error;
  }
}

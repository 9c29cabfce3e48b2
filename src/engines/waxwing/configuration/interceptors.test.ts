import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerNamespace } from '../../../control/configurations/activemq/xml-tree.ts';
import { readConfiguration } from './read-configuration.ts';

test('listed interceptors replace the default ones', () => {
  const interceptors = (inside: string, attributes = '') => {
    const text = `<broker xmlns="${brokerNamespace}" ${attributes}>${inside}</broker>`;
    const { configuration } = readConfiguration({
      configuration: { id: 'c-1', revision: 1, text },
      users: [],
    });
    return [configuration.virtualTopics.map(({ name }) => name), configuration.mirror];
  };
  const usual = { prefix: 'VirtualTopic.Mirror.', postfix: '' };
  const listed = (inside: string) => `<destinationInterceptors>${inside}</destinationInterceptors>`;
  const mirrored = listed('<mirroredQueue postfix=".m"/>');
  const virtual = listed(
    '<virtualDestinationInterceptor><virtualDestinations>' +
      '<virtualTopic name="v.&gt;"/></virtualDestinations></virtualDestinationInterceptor>',
  );
  assert.deepEqual(interceptors(''), [['VirtualTopic.>'], undefined]);
  assert.deepEqual(interceptors('', ' useVirtualTopics="false"'), [[], undefined]);
  assert.deepEqual(interceptors('', ' useMirroredQueues="true"'), [['VirtualTopic.>'], usual]);
  assert.deepEqual(interceptors(mirrored), [[], { ...usual, postfix: '.m' }]);
  assert.deepEqual(interceptors(virtual, ' useMirroredQueues="true"'), [['v.>'], undefined]);
});

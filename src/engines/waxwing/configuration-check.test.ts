import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerSpec } from '../../control/engine.ts';
import { requireNoRights } from './configuration-check.ts';

const spec = (text: string | undefined, engineType: BrokerSpec['engineType'] = 'ACTIVEMQ') => {
  const configuration = text === undefined ? null : { id: 'c-1', revision: 2, text };
  return { engineType, configuration } as BrokerSpec; // nothing else of it is read
};

test('a broker whose configuration asks for rights is not started', () => {
  for (const text of [
    '<broker><plugins><authorizationPlugin><map/></authorizationPlugin></plugins></broker>',
    '<broker><!-- a --><plugins><authorizationPlugin/></plugins><!-- b --></broker>',
    '<a:broker><a:authorizationPlugin\n></a:authorizationPlugin></a:broker>',
    '<broker><![CDATA[<!--]]><authorizationPlugin/><![CDATA[-->]]></broker>',
    '<broker><!-- <![CDATA[ --><authorizationPlugin/><!-- ]]> --></broker>',
  ]) {
    assert.throws(() => requireNoRights(spec(text)), { code: 'configuration-unsupported' });
  }
});

test('other configurations are no reason not to start', () => {
  requireNoRights(spec('<broker><!-- <authorizationPlugin/> in a\ncomment --></broker>'));
  requireNoRights(spec(undefined));
  requireNoRights(spec('authorizationPlugin = 1', 'RABBITMQ'));
});

// A message that was got from a queue.

import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { JsonFact, type JsonObject } from '../../broker/facts.tsx';
import { bytesText } from '../../broker/numbers.ts';
import { Details } from '../../parts/details.tsx';
import { printable, printableText } from '../../parts/printable.ts';
import { exchangeText, type GotMessage } from '../model.ts';

interface GotMessageProps {
  readonly number: number;
  readonly message: GotMessage;
}

/** Shows a message. */
export function GotMessageView({ number, message }: GotMessageProps) {
  const { payload, payload_bytes: size, payload_encoding: encoding, properties } = message;
  const shownBytes =
    encoding === 'base64'
      ? Math.floor((payload.replace(/=+$/, '').length * 3) / 4)
      : new TextEncoder().encode(payload).length;
  return (
    <Container header={<Header variant="h3">Message {number}</Header>}>
      <SpaceBetween size="s">
        <Details
          items={[
            { label: 'Exchange', value: printable(exchangeText(message.exchange)) },
            { label: 'Routing key', value: printable(message.routing_key) },
            { label: 'Redelivered', value: message.redelivered ? 'yes' : 'no' },
            {
              label: 'Properties',
              value: (
                <JsonFact value={Array.isArray(properties) ? {} : (properties as JsonObject)} />
              ),
            },
          ]}
        />
        <Box variant="awsui-key-label">
          Payload, {bytesText(size)}
          {encoding === 'base64' && ', as base64'}
          {shownBytes < size && `, of which the first ${bytesText(shownBytes)} are shown`}
        </Box>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable. */}
        <pre className="console-code console-payload" tabIndex={0}>
          {printableText(payload)}
        </pre>
      </SpaceBetween>
    </Container>
  );
}

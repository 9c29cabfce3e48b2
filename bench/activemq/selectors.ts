// Measures selectors: processor time of one evaluation. Run by hand, on a quiet machine.

import { MessageSubject } from '../../src/broker/activemq/message-subject.ts';
import { Selector } from '../../src/broker/activemq/selectors/selector.ts';
import { emptyProperties, type Properties } from '../../src/broker/conversion/properties.ts';
import { formatNumbers, type MessageFormat } from '../../src/broker/format.ts';
import { Publication } from '../../src/broker/publication.ts';
import { openwireFormat } from '../../src/protocols/openwire/format.ts';
import { stompFormat } from '../../src/protocols/stomp/activemq/format.ts';

const texts = [
  "colour = 'red' AND n > 3",
  "JMSPriority >= 5 OR region IN ('eu', 'us', 'asia')",
  "JMSType LIKE 'order.%' AND amount BETWEEN 10 AND 100.5",
];
const message: Properties = {
  ...emptyProperties,
  isDurable: true,
  priority: 4,
  createdAtMs: 1_790_000_000_000n,
  messageId: { type: 'string', value: 'ID:host-1-1:1:1:1:1' },
  type: 'order.new',
  headers: [
    ['colour', { type: 'string', value: 'red' }],
    ['n', { type: 'int', value: 7 }],
    ['region', { type: 'string', value: 'us' }],
    ['amount', { type: 'double', value: 50.5 }],
  ],
};

/** Processor time of a call, microseconds. All calls must return true. */
function measure(matches: () => boolean, count: number): string {
  for (let i = 0; i < count / 4; i++) matches();
  const before = process.cpuUsage();
  let matched = 0;
  for (let i = 0; i < count; i++) if (matches()) matched++;
  const { user, system } = process.cpuUsage(before);
  if (matched !== count) throw new Error('the selector does not match');
  return ((user + system) / count).toFixed(2);
}

function publicationOf(format: MessageFormat): Publication {
  const { head } = format.fromProperties(message, 65_536);
  const publication = new Publication();
  publication.format = formatNumbers[format.name];
  publication.head = head;
  publication.headStart = 0;
  publication.headEnd = head.length;
  publication.priority = 4;
  return publication;
}

for (const format of [openwireFormat, stompFormat]) {
  const publication = publicationOf(format);
  const subject = new MessageSubject({
    formatOf: () => format,
    nowMs: () => 0,
    turns: { pumpCount: 0 },
    destinationName: () => 'queue://orders',
  });
  for (const text of texts) {
    const selector = new Selector(text, { convertsText: format === stompFormat });
    const first = measure(() => selector.matches(subject.ofPublication(publication)), 200_000);
    const further = measure(() => selector.matches(subject), 1_000_000);
    console.log(`${format.name}, ${text}: ${further} µs; ${first} µs with reading the properties`);
  }
}

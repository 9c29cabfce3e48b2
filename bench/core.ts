// Measures the broker core without sockets and disk: publish, deliver, settle.

import type { Consumer, Delivery, Subscription } from '../src/broker/subscription.ts';
import { BareBroker, message, plainSubscribe } from '../tests/support/bare-broker.ts';

/** A consumer that settles all deliveries. */
class Sink implements Consumer {
  readonly isWritable = true;
  last = -1;
  bytes = 0;
  deliver(delivery: Delivery): void {
    this.last = delivery.deliveryNumber;
    this.bytes += delivery.bodyLength;
  }
  cancelled(): void {}
}

async function run(bodyBytes: number, count: number, isPersistent: boolean): Promise<number> {
  const { broker, vhost, log, ...bare } = await BareBroker.open().then((b) => ({
    broker: b.broker,
    vhost: b.vhost,
    log: b.log,
    queue: b.queue('q'),
  }));
  const sink = new Sink();
  const subscription: Subscription = bare.queue.subscribe(sink, plainSubscribe);
  const publication = message(broker, '', 'q', 'x'.repeat(bodyBytes));
  publication.isPersistent = isPersistent;
  publication.remembered = { target: undefined, route: undefined };
  const start = performance.now();
  let settled = 0;
  for (let i = 0; i < count; i += 100) {
    for (let j = 0; j < 100; j++) broker.publish(vhost, publication);
    broker.pump();
    subscription.settle(settled, sink.last, 'accepted');
    settled = sink.last + 1;
    broker.pump();
    log.forget();
  }
  return ((performance.now() - start) * 1e6) / count;
}

for (const bytes of [16, 1024]) {
  for (const isPersistent of [false, true]) {
    await run(bytes, 200_000, isPersistent);
    const ns = await run(bytes, 1_000_000, isPersistent);
    const kind = isPersistent ? 'persistent' : 'transient';
    console.log(`${bytes} B ${kind}: ${ns.toFixed(0)} ns a message`);
  }
}

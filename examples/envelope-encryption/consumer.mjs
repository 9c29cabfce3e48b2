// Consumes messages of a tenant and decrypts them. Usage: node consumer.mjs TENANT [QUEUE]
// Environment: KEY_ARN, AWS_* of the tenant's consumer, WAXWING_AMQP_URL.
// Ends when the queue is empty. A message that cannot be decrypted returns to the queue.

import { connect } from 'amqplib';
import { TenantEncryption } from './encryption.mjs';

const [tenant, queue = `orders.${tenant}`] = process.argv.slice(2);
const encryption = new TenantEncryption(process.env.KEY_ARN);
const connection = await connect(process.env.WAXWING_AMQP_URL);
const channel = await connection.createChannel();
try {
  for (;;) {
    const message = await channel.get(queue);
    if (message === false) break;
    console.log((await encryption.open(tenant, message.content)).toString());
    channel.ack(message);
  }
} finally {
  await connection.close();
}

// Encrypts messages of a tenant and publishes them. Usage: node publisher.mjs TENANT TEXT…
// Environment: KEY_ARN, AWS_* of the publisher, WAXWING_AMQP_URL.

import { connect } from 'amqplib';
import { TenantEncryption } from './encryption.mjs';

const [tenant, ...texts] = process.argv.slice(2);
const encryption = new TenantEncryption(process.env.KEY_ARN);
const connection = await connect(process.env.WAXWING_AMQP_URL);
const channel = await connection.createConfirmChannel();
const queue = `orders.${tenant}`;
await channel.assertQueue(queue, { durable: true });
for (const text of texts) {
  const body = await encryption.seal(tenant, Buffer.from(text));
  channel.sendToQueue(queue, body, { persistent: true, contentType: 'application/octet-stream' });
}
await channel.waitForConfirms();
await connection.close();
console.log(`${texts.length} messages of ${tenant} published`);

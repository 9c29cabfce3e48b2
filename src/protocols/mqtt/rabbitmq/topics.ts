// Topic names and filters, and routing keys.

/*
 * As in RabbitMQ, `a/b.c` and `a/b/c` have one routing key, `a.b.c`, which is the topic `a/b/c` for those
 * who receive the message.
 */
const keyCharacters: Readonly<Record<string, string>> = { '/': '.', '+': '*' };

/** The namespace of Sparkplug at the beginning of a topic, and of a routing key. */
const sparkplugTopic = /^(sp[AB]v\d+)\.(\d+\/)/;
const sparkplugKey = /^(sp[AB]v\d+)___(\d+\.)/;

/** Converts a topic name or filter to a routing key. */
export function toRoutingKey(topic: string, isSparkplug: boolean): string {
  const text = isSparkplug ? topic.replace(sparkplugTopic, '$1___$2') : topic;
  return text.replace(/[/+]/g, (found) => keyCharacters[found] ?? found);
}

/**
 * Converts a routing key to a topic name. A `*` stays, because a topic name has no `+`. The result is not a topic
 * name if the routing key is none.
 */
export function toTopic(routingKey: string, isSparkplug: boolean): string {
  const isNamespace = isSparkplug && sparkplugKey.test(routingKey);
  const topic = routingKey.replaceAll('.', '/');
  return isNamespace ? topic.replace('___', '.') : topic;
}

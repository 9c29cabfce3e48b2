// Settings of a RabbitMQ configuration that contradict each other.

/** The settings of a configuration are incomplete or contradict each other. The text names keys, never values. */
export class SettingsError extends Error {}

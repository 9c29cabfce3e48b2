// Names of message properties that ActiveMQ uses for MQTT.

/** The quality of service that an MQTT client published with: 0 to 2. */
export const qosHeader = 'ActiveMQ.MQTT.QoS';

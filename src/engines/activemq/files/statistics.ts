// What makes an active instance write its statistics.

/**
 * The id of the broker in the configuration. XBean takes the `name` of an owner's element for an id too, and
 * refuses a second one: the token makes ours differ from all of them.
 *
 * @param token as of {@link statisticsBeans}
 */
export function brokerId(token: string): string {
  return `broker-${token}`;
}

/** Milliseconds between two times that an instance writes its statistics. */
export const statisticsEveryMs = 5000;

/** Queues, and topics, that are written each time. */
export const destinationsMax = 1000;

/** The length of names, UTF-16 units. Longer ones are written with their beginning and their SHA-256. */
const nameLengthMax = 250;
const hashLength = 64;
const nameBytes = "name.getBytes('UTF-8')";
const hash = `new java.math.BigInteger(1, T(java.security.MessageDigest).getInstance('SHA-256').digest(${nameBytes})).toString(16)`;
const start = `name.substring(0, ${nameLengthMax - hashLength - 1})`;
const shortName = `(name.length() <= ${nameLengthMax} ? name : ${start} + '~' + ${hash})`;

type DestinationKind = 'queue' | 'topic';

/** The values of a destination, and where ActiveMQ's object has them. */
const ofDestination = {
  messages: 'destinationStatistics.messages.count',
  enqueued: 'destinationStatistics.enqueues.count',
  dispatched: 'destinationStatistics.dispatched.count',
  dequeued: 'destinationStatistics.dequeues.count',
  inFlight: 'destinationStatistics.inflight.count',
  expired: 'destinationStatistics.expired.count',
  consumers: 'destinationStatistics.consumers.count',
  producers: 'destinationStatistics.producers.count',
  memoryPercent: 'memoryUsage.percentUsage',
} as const;

/** ActiveMQ's own topics are not shown. */
const isOfUsers = "not name.startsWith('ActiveMQ.Advisory.')";

const runtime = 'T(java.lang.Runtime).runtime';

/** The values of a broker, and where ActiveMQ's object has them. */
const ofBroker = {
  // BrokerService counts connections only with JMX.
  connections: 'regionBroker.clients.length',
  queues: `${destinations('queue')}.size()`,
  topics: `${destinations('topic')}.?[${isOfUsers}].size()`,
  messages: 'regionBroker.destinationStatistics.messages.count',
  inFlight: 'regionBroker.destinationStatistics.inflight.count',
  consumers: 'regionBroker.destinationStatistics.consumers.count',
  producers: 'regionBroker.destinationStatistics.producers.count',
  storePercent: 'systemUsage.storeUsage.percentUsage',
  temporaryPercent: 'systemUsage.tempUsage.percentUsage',
  heapBytes: `(${runtime}.totalMemory() - ${runtime}.freeMemory())`,
  heapLimitBytes: `${runtime}.maxMemory()`,
} as const;

/** The name of a value of a destination. */
export type DestinationValue = keyof typeof ofDestination;
/** The name of a value of a broker. */
export type BrokerValue = keyof typeof ofBroker;

/** The names of the values in a line about a destination, in their order after the name. */
export const destinationValues = Object.keys(ofDestination) as DestinationValue[];
/** The names of the values in the line about the broker, in their order. */
export const brokerValues = Object.keys(ofBroker) as BrokerValue[];

/**
 * Beans by which Spring evaluates an expression again and again, in a thread of its own, while the
 * instance is active: an instance that waits for the lock of the store has not created them yet. The
 * expression reads the objects of the broker, so that statistics need no connection, user or plugin.
 *
 * @param token hexadecimal; see {@link statisticsExpression}
 */
export function statisticsBeans(token: string): string {
  const expression = statisticsExpression(token).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const scheduling = 'org.springframework.scheduling';
  const parserId = `expressions-${token}`;
  return `
<bean id="${parserId}" class="org.springframework.expression.spel.standard.SpelExpressionParser"/>
<bean class="${scheduling}.concurrent.ScheduledExecutorFactoryBean">
  <property name="daemon" value="true"/>
  <property name="scheduledExecutorTasks">
    <bean class="${scheduling}.concurrent.ScheduledExecutorTask">
      <property name="period" value="${statisticsEveryMs}"/>
      <property name="runnable">
        <bean class="${scheduling}.support.MethodInvokingRunnable">
          <property name="targetObject">
            <bean factory-bean="${parserId}" factory-method="parseExpression">
              <constructor-arg value="${expression}"/>
            </bean>
          </property>
          <property name="targetMethod" value="getValue"/>
          <property name="arguments"><list><ref bean="${brokerId(token)}"/></list></property>
        </bean>
      </property>
    </bean>
  </property>
</bean>`;
}

/**
 * The expression, in Spring's language, for a broker that has started. It writes to the standard output,
 * which is that of the log: a line for each queue and each topic of the users, `TOKEN queue NAME VALUES…`,
 * and then the line `TOKEN broker VALUES…`. Names are encoded as in forms, and long ones shortened.
 *
 * @param token hexadecimal and secret, so that no client can forge such a line
 */
export function statisticsExpression(token: string): string {
  const written = [
    destinationLines(token, 'queue', destinations('queue')),
    destinationLines(token, 'topic', `${destinations('topic')}.?[${isOfUsers}]`),
    `'${token} broker'${values(ofBroker)}`,
  ].map((text) => `T(java.lang.System).out.println(${text})`);
  return `started and not stopping ? {${written.join(', ')}} : null`;
}

/** A list of the queues or topics. */
function destinations(kind: DestinationKind): string {
  return `new java.util.ArrayList(regionBroker.${kind}Region.destinationMap.values())`;
}

/** Copying an array to another length limits the number; `null` fills it up. */
function destinationLines(token: string, kind: DestinationKind, shown: string): string {
  const arrays = 'T(java.util.Arrays)';
  const copied = `${arrays}.copyOf(${shown}.toArray(), ${destinationsMax})`;
  const some = `${arrays}.asList(${copied}).?[#this != null]`;
  const name = `T(java.net.URLEncoder).encode(${shortName}, 'UTF-8')`;
  const lines = `${some}.!['${token} ${kind} ' + ${name}${values(ofDestination)}]`;
  return `T(java.lang.String).join(T(java.lang.System).lineSeparator(), ${lines})`;
}

/** Appends values to a text. */
function values(of: Readonly<Record<string, string>>): string {
  return Object.values(of)
    .map((value) => ` + ' ' + ${value}`)
    .join('');
}

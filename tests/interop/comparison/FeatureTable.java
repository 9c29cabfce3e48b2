import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import javax.jms.TextMessage;
import javax.jms.Topic;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.DestinationInfo;

/** Scenarios about plugins and further policies, which are those of {@code settings.ts}. */
final class FeatureTable {
  private FeatureTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("feature-redelivery", FeatureTable::redelivery);
    table.put("feature-discarded", FeatureTable::discarded);
    table.put("feature-dead-letters", FeatureTable::deadLetters);
    table.put("feature-statistics", FeatureTable::statistics);
    table.put("feature-subscription-statistics", FeatureTable::subscriptionStatistics);
    table.put("feature-priorities", FeatureTable::priorities);
    table.put("feature-exclusive", FeatureTable::exclusive);
    table.put("feature-strict-order", FeatureTable::strictOrder);
    table.put("feature-dispatch-start", FeatureTable::dispatchStart);
    table.put("feature-recovery", FeatureTable::recovery);
    table.put("feature-sweep", FeatureTable::sweep);
    table.put("feature-advisories", FeatureTable::advisories);
    table.put("feature-flow-control", FeatureTable::flowControl);
    table.put("feature-collected", FeatureTable::collected);
  }

  private static ActiveMQConnectionFactory rejecting() {
    ActiveMQConnectionFactory factory = Compare.factory();
    factory.getRedeliveryPolicy().setMaximumRedeliveries(0);
    return factory;
  }

  /** Rejects all messages of a queue that come, and prints them. */
  private static void rejectAll(Compare c, String queue, long wait) throws JMSException {
    Connection connection = rejecting().createConnection();
    connection.start();
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
    long first = Compare.WAIT;
    for (Message m = consumer.receive(first); m != null; m = consumer.receive(wait)) {
      c.say(queue + " " + c.describe.all(m) + " count " + m.getIntProperty("JMSXDeliveryCount"));
      session.rollback();
    }
    connection.close();
  }

  private static void drained(Compare c, Session session, String queue) throws JMSException {
    MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
    StringBuilder all = new StringBuilder();
    for (Message m = consumer.receive(1000); m != null; m = consumer.receive(1000)) {
      all.append(' ').append(c.describe.body(m)).append(" from ")
          .append(((ActiveMQMessage) m).getOriginalDestination());
    }
    c.say(queue + ":" + all);
    consumer.close();
  }

  private static void redelivery(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Compare.send(session, session.createQueue("again"), "r");
    rejectAll(c, "again", 4000);
    c.deadLetters(session, 1);
    Compare.send(session, session.createQueue("again.without.policy"), "w");
    rejectAll(c, "again.without.policy", 4000);
    c.deadLetters(session, 1);
    connection.close();
  }

  private static void discarded(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    for (String name : new String[] {"discarded.a", "kept.a", "dead.discarded"}) {
      Compare.send(session, session.createQueue(name), name);
      rejectAll(c, name, Compare.SHORT);
    }
    drained(c, session, "ActiveMQ.DLQ");
    connection.close();
  }

  private static void deadLetters(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Compare.send(session, session.createQueue("dead.shared"), "s1", "s2");
    rejectAll(c, "dead.shared", Compare.SHORT);
    drained(c, session, "dead.letters");
    Compare.send(session, session.createQueue("dead.individual"), "i1");
    rejectAll(c, "dead.individual", Compare.SHORT);
    drained(c, session, "ActiveMQ.DLQ.Queue.dead.individual");
    // A dead letter that is rejected again stays away.
    Compare.send(session, session.createQueue("dead.other"), "o1");
    rejectAll(c, "dead.other", Compare.SHORT);
    rejectAll(c, "ActiveMQ.DLQ", Compare.SHORT);
    drained(c, session, "ActiveMQ.DLQ");
    connection.close();
  }

  /** Asks the broker for statistics, and returns the answers. */
  private static void ask(Compare c, Session session, String name, String property)
      throws JMSException {
    TemporaryQueue answers = session.createTemporaryQueue();
    MessageConsumer consumer = session.createConsumer(answers);
    MessageProducer producer = session.createProducer(session.createQueue(name));
    Message message = session.createMessage();
    message.setJMSReplyTo(answers);
    if (property != null) message.setBooleanProperty(property, true);
    producer.send(message);
    long wait = name.contains("nothing") ? Compare.SHORT : Compare.WAIT;
    Set<String> all = new TreeSet<>();
    for (Message m = consumer.receive(wait); m != null; m = consumer.receive(wait)) {
      all.add(c.describe.body(m).split(" ")[0] + " " + values(c, m));
      wait = Compare.SHORT;
    }
    c.say(name + " " + property + ": " + all.size());
    for (String each : all) c.say(each);
    consumer.close();
    answers.delete();
  }

  private static final String EXACT =
      "brokerName|destinationName|(en|de)queueCount|dispatchCount|expiredCount|inflightCount|size"
          + "|consumerCount|producerCount|selector|prefetchSize|maximumPendingMessageLimit"
          + "|(en|de)queueCounter|dispatchedCounter|dispatchedQueueSize|clientId";

  /** The names and types of statistics, with the values that do not depend on the broker. */
  private static Map<String, String> values(Compare c, Message message) throws JMSException {
    Map<String, String> all = new TreeMap<>();
    if (!(message instanceof MapMessage)) return all;
    MapMessage map = (MapMessage) message;
    boolean isBroker = map.getObject("destinationName") == null;
    for (Object each : Collections.list(map.getMapNames())) {
      String name = (String) each;
      Object value = map.getObject(name);
      boolean isExact = name.matches(EXACT) && (!isBroker || name.equals("brokerName"));
      String type = value == null ? "null" : value.getClass().getSimpleName();
      all.put(name, isExact ? c.describe.stable(Describe.typed(value)) : type);
    }
    return all;
  }

  private static void statistics(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Compare.send(session, session.createQueue("counted.a"), "1", "2", "3");
    Compare.send(session, session.createQueue("counted.b"), "1");
    MessageConsumer consumer = session.createConsumer(session.createQueue("counted.b"));
    consumer.receive(Compare.WAIT);
    Thread.sleep(300);
    String destination = "ActiveMQ.Statistics.Destination.";
    ask(c, session, destination + "counted.a", null);
    ask(c, session, destination + "counted.*", null);
    ask(c, session, destination + "counted.a", destination + "List.End.With.Null");
    ask(c, session, destination + "counted.a", destination + "Include.First.Message.Timestamp");
    ask(c, session, destination + "nothing", null);
    ask(c, session, "ActiveMQ.Statistics.Broker", null);
    connection.close();
  }

  private static void subscriptionStatistics(Compare c) throws Exception {
    ActiveMQConnection connection = Compare.connect("watched");
    Session session = Compare.session(connection);
    session.createConsumer(session.createQueue("counted.c?consumer.prefetchSize=7"), "n = 1");
    session.createConsumer(session.createTopic("counted.t"));
    ask(c, session, "ActiveMQ.Statistics.Subscription", null);
    connection.close();
  }

  private static void priorities(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageProducer producer = session.createProducer(session.createQueue("prioritized"));
    for (int priority : new int[] {1, 9, 4, 9, 0, 5}) {
      producer.send(session.createTextMessage("p" + priority), DeliveryMode.PERSISTENT, priority, 0);
    }
    c.say(c.drain(session.createConsumer(session.createQueue("prioritized"))));
    connection.close();
  }

  private static void exclusive(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer[] consumers = new MessageConsumer[3];
    for (int i = 0; i < 3; i++) {
      Session own = Compare.session(connection);
      consumers[i] = own.createConsumer(own.createQueue("exclusive.all"));
    }
    Compare.send(session, session.createQueue("exclusive.all"), "a", "b", "c");
    for (int i = 1; i < 3; i++) c.say(i + " " + c.describe.body(consumers[i].receive(200)));
    c.say("first " + c.drain(consumers[0]));
    consumers[0].close();
    Compare.send(session, session.createQueue("exclusive.all"), "d", "e");
    c.say("next " + c.drain(consumers[1]));
    connection.close();
  }

  private static void strictOrder(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer[] consumers = new MessageConsumer[2];
    for (int i = 0; i < 2; i++) {
      Session own = Compare.session(connection);
      consumers[i] = own.createConsumer(own.createQueue("strict"));
    }
    Compare.send(session, session.createQueue("strict"), "a", "b", "c");
    c.say("second " + c.describe.body(consumers[1].receive(Compare.SHORT)));
    c.say("first " + c.drain(consumers[0]));
    connection.close();
  }

  private static void dispatchStart(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Compare.send(session, session.createQueue("started"), "a", "b");
    MessageConsumer first = session.createConsumer(session.createQueue("started"));
    c.say("alone: " + c.describe.body(first.receive(Compare.SHORT)));
    Session own = Compare.session(connection);
    MessageConsumer second = own.createConsumer(own.createQueue("started"));
    c.say("first: " + c.drain(first));
    c.say("second: " + c.drain(second));
    connection.close();
  }

  private static void recovery(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    String[] names = {"timed", "size", "none", "retained.count", "always"};
    for (String name : names) {
      Topic topic = session.createTopic("recover." + name);
      MessageProducer producer = session.createProducer(topic);
      for (int n = 1; n <= 5; n++) {
        TextMessage message = session.createTextMessage(n + " ".repeat(4000));
        message.setIntProperty("n", n);
        producer.send(message);
      }
      Topic from = session.createTopic(
          "recover." + name + (name.equals("always") ? "" : "?consumer.retroactive=true"));
      c.say(name + ": " + c.drain(session.createConsumer(from), 1500).replace(" ", ""));
      c.say(name + ", selected: "
          + c.drain(session.createConsumer(from, "n < 4"), 1500).replace(" ", ""));
      if (name.equals("timed")) {
        Thread.sleep(2500);
        c.say("timed, later: " + c.drain(session.createConsumer(from), 1500));
      }
    }
    connection.close();
  }

  private static void sweep(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    String prefix = "ActiveMQ.Advisory.Expired.Queue.";
    MessageConsumer advised = session.createConsumer(session.createTopic(prefix + "swept"));
    MessageProducer producer = session.createProducer(session.createQueue("swept"));
    producer.setTimeToLive(200);
    producer.send(session.createTextMessage("swept"));
    Message advisory = advised.receive(Compare.WAIT);
    c.say("advised: " + (advisory == null ? "no" : advisory.getJMSType()));
    c.deadLetters(session, 1);
    connection.close();
  }

  private static void advisories(Compare c) throws Exception {
    ActiveMQConnection connection = Compare.connect();
    Session session = Compare.session(connection);
    String[] kinds = {
      "MessageDelivered", "MessageDispatched", "MessageConsumed", "MessageDLQd", "NoConsumer",
    };
    MessageConsumer[] watchers = new MessageConsumer[kinds.length];
    for (int i = 0; i < kinds.length; i++) {
      watchers[i] = session.createConsumer(
          session.createTopic("ActiveMQ.Advisory." + kinds[i] + ".>"));
    }
    Compare.send(session, session.createQueue("advised"), "q");
    rejectAll(c, "advised", Compare.SHORT);
    MessageProducer producer = session.createProducer(session.createTopic("advised"));
    producer.send(session.createTextMessage("t"), DeliveryMode.NON_PERSISTENT, 4, 0);
    for (int i = 0; i < kinds.length; i++) {
      Set<String> found = new TreeSet<>();
      for (Message m = watchers[i].receive(Compare.SHORT); m != null;
          m = watchers[i].receive(Compare.SHORT)) {
        found.add(m.getJMSDestination() + " " + c.describe.body(m) + " type " + m.getJMSType());
      }
      c.say(kinds[i] + " " + found);
    }
    drained(c, session, "ActiveMQ.DLQ");
    connection.close();
  }

  /** Producers wait while the memory of a queue is full. */
  private static void flowControl(Compare c) throws Exception {
    for (int window : new int[] {0, 4096}) {
      ActiveMQConnectionFactory factory = Compare.factory();
      factory.setProducerWindowSize(window);
      factory.setUseAsyncSend(window > 0);
      Connection connection = factory.createConnection();
      connection.start();
      Session session = Compare.session(connection);
      AtomicInteger sent = new AtomicInteger();
      CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> {
        try {
          MessageProducer producer = session.createProducer(session.createQueue("limited"));
          for (; sent.get() < 20; sent.incrementAndGet()) {
            producer.send(session.createTextMessage("m" + sent + "x".repeat(1000)));
          }
        } catch (JMSException error) {
          throw new IllegalStateException(error);
        }
      });
      Thread.sleep(1500);
      c.say("window " + window + ": blocked " + (!sending.isDone() && sent.get() < 20));
      Connection other = Compare.connect();
      Session receiving = Compare.session(other);
      MessageConsumer consumer = receiving.createConsumer(receiving.createQueue("limited"));
      int count = 0;
      for (Message m = consumer.receive(Compare.WAIT); m != null; m = consumer.receive(1000)) count++;
      sending.get();
      c.say("received " + count);
      other.close();
      connection.close();
    }
  }

  private static void collected(Compare c) throws Exception {
    ActiveMQConnection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer watcher =
        session.createConsumer(session.createTopic("ActiveMQ.Advisory.Queue"));
    session.createConsumer(session.createQueue("gc.unused")).close();
    Compare.send(session, session.createQueue("gc.filled"), "stays");
    MessageConsumer used = session.createConsumer(session.createQueue("gc.used"));
    session.createConsumer(session.createQueue("kept.unused")).close();
    Set<String> removed = new TreeSet<>();
    long end = System.currentTimeMillis() + 8000;
    while (System.currentTimeMillis() < end) {
      Message found = watcher.receive(500);
      if (found == null) continue;
      DestinationInfo info = (DestinationInfo) ((ActiveMQMessage) found).getDataStructure();
      if (info.isRemoveOperation()) removed.add(String.valueOf(info.getDestination()));
    }
    removed.removeIf(name -> !name.contains("gc.") && !name.contains("kept."));
    c.say("removed " + removed);
    drained(c, session, "gc.filled");
    Destination again = session.createQueue("gc.unused");
    Compare.send(session, again, "anew");
    c.say(c.drain(session.createConsumer(again)));
    used.close();
    connection.close();
  }
}

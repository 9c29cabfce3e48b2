import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import javax.jms.Connection;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import org.apache.activemq.command.ActiveMQMessage;

/** Scenarios about virtual destinations, which are those of {@code settings.ts}. */
final class VirtualTable {
  private VirtualTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("virtual-composite-queue", VirtualTable::compositeQueue);
    table.put("virtual-composite-topic", VirtualTable::compositeTopic);
    table.put("virtual-unmatched", VirtualTable::unmatched);
    table.put("virtual-topic", VirtualTable::topic);
    table.put("virtual-topic-wildcards", VirtualTable::topicWildcards);
    table.put("virtual-topic-specific", VirtualTable::topicSpecific);
    table.put("virtual-topic-selectors", VirtualTable::topicSelectors);
    table.put("virtual-transactions", VirtualTable::transactions);
  }

  static void addMirrored(Map<String, Compare.Scenario> table) {
    table.put("mirrored-queues", VirtualTable::mirrored);
    table.put("mirrored-virtual-topics", VirtualTable::noVirtualTopics);
  }

  /** Sends messages whose property {@code n} counts from 1. */
  private static void numbered(Session session, Destination to, int count) throws JMSException {
    MessageProducer producer = session.createProducer(to);
    for (int n = 1; n <= count; n++) {
      Message message = session.createTextMessage("m" + n);
      message.setIntProperty("n", n);
      producer.send(message);
    }
    producer.close();
  }

  /** All messages of a consumer with their destinations. */
  private static void all(Compare c, String name, MessageConsumer consumer) throws JMSException {
    long wait = Compare.WAIT;
    for (Message m = consumer.receive(wait); m != null; m = consumer.receive(wait)) {
      c.say(name + ": " + c.describe.body(m) + " to " + m.getJMSDestination()
          + " original " + ((ActiveMQMessage) m).getOriginalDestination());
      wait = Compare.SHORT;
    }
  }

  private static void compositeQueue(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer topic = session.createConsumer(session.createTopic("virtual.cq.topic"));
    numbered(session, session.createQueue("virtual.cq"), 3);
    all(c, "topic", topic);
    for (String name : new String[] {"virtual.cq.all", "virtual.cq.some", "virtual.cq"}) {
      all(c, name, session.createConsumer(session.createQueue(name)));
    }
    numbered(session, session.createQueue("virtual.only"), 1);
    all(c, "target", session.createConsumer(session.createQueue("virtual.only.target")));
    MessageConsumer itself = session.createConsumer(session.createQueue("virtual.only"));
    c.say("itself: " + c.describe.body(itself.receive(Compare.SHORT)));
    connection.close();
  }

  private static void compositeTopic(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer itself = session.createConsumer(session.createTopic("virtual.ct"));
    MessageConsumer some = session.createConsumer(session.createTopic("virtual.ct.some"));
    numbered(session, session.createTopic("virtual.ct"), 2);
    all(c, "queue", session.createConsumer(session.createQueue("virtual.ct.queue")));
    all(c, "some", some);
    c.say("itself: " + c.describe.body(itself.receive(Compare.SHORT)));
    connection.close();
  }

  private static void unmatched(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    numbered(session, session.createQueue("virtual.unmatched"), 2);
    all(c, "target", session.createConsumer(session.createQueue("virtual.unmatched.target")));
    all(c, "itself", session.createConsumer(session.createQueue("virtual.unmatched")));
    connection.close();
  }

  private static void topic(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer one = session.createConsumer(session.createQueue("one.VT.plain.orders"));
    MessageConsumer wild = session.createConsumer(session.createQueue("two.VT.plain.>"));
    numbered(session, session.createTopic("plain.orders"), 1);
    all(c, "one", one);
    c.say("wild: " + c.describe.body(wild.receive(Compare.SHORT)));
    // The default prefix is not used if virtual destinations are configured.
    MessageConsumer usual =
        session.createConsumer(session.createQueue("Consumer.A.VirtualTopic.orders"));
    numbered(session, session.createTopic("VirtualTopic.orders"), 1);
    c.say("usual: " + c.describe.body(usual.receive(Compare.SHORT)));
    connection.close();
  }

  /** All messages of a consumer of several queues, whose order is not determined. */
  private static void sorted(Compare c, String name, MessageConsumer consumer)
      throws JMSException {
    List<String> found = new ArrayList<>();
    long wait = Compare.WAIT;
    for (Message m = consumer.receive(wait); m != null; m = consumer.receive(wait)) {
      found.add(c.describe.body(m) + " to " + m.getJMSDestination()
          + " original " + ((ActiveMQMessage) m).getOriginalDestination());
      wait = Compare.SHORT;
    }
    Collections.sort(found);
    c.say(name + ": " + found);
  }

  private static void topicWildcards(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer wild = session.createConsumer(session.createQueue("w.VT.plain.>"));
    numbered(session, session.createTopic("plain.a"), 1);
    numbered(session, session.createTopic("plain.b.c"), 1);
    sorted(c, "wild", wild);
    wild.close();
    numbered(session, session.createTopic("plain.d"), 2);
    // The queue outlives its consumer, and consumers share it.
    wild = session.createConsumer(session.createQueue("w.VT.plain.>"));
    sorted(c, "again", wild);
    // A queue of one topic gets its own copies, from which the consumer of all consumes, too.
    session.createConsumer(session.createQueue("w.VT.plain.a")).close();
    numbered(session, session.createTopic("plain.a"), 1);
    sorted(c, "all", wild);
    // Wildcards of one word, in the prefix and in the topic.
    MessageConsumer word = session.createConsumer(session.createQueue("v.VT.plain.*"));
    MessageConsumer prefix = session.createConsumer(session.createQueue("*.VT.plain.p"));
    numbered(session, session.createTopic("plain.a"), 1);
    numbered(session, session.createTopic("plain.a.b"), 1);
    numbered(session, session.createTopic("plain.p"), 1);
    sorted(c, "word", word);
    sorted(c, "prefix", prefix);
    sorted(c, "all", wild);
    // Names that are not of a virtual topic.
    MessageConsumer other = session.createConsumer(session.createQueue("w.VT.different.>"));
    MessageConsumer more = session.createConsumer(session.createQueue("more.>"));
    numbered(session, session.createTopic("different.a"), 1);
    numbered(session, session.createTopic("plain.a"), 1);
    c.say("different: " + c.describe.body(other.receive(Compare.SHORT)));
    c.say("more: " + c.describe.body(more.receive(Compare.SHORT)));
    numbered(session, session.createQueue("more.q"), 1);
    sorted(c, "more", more);
    connection.close();
  }

  /** The queue of one topic exists before a consumer with wildcards. */
  private static void topicSpecific(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer one = session.createConsumer(session.createQueue("x.VT.plain.a"));
    one.close();
    numbered(session, session.createTopic("plain.a"), 1);
    MessageConsumer wild = session.createConsumer(session.createQueue("x.VT.plain.>"));
    numbered(session, session.createTopic("plain.b"), 1);
    numbered(session, session.createTopic("plain.a"), 2);
    sorted(c, "all", wild);
    connection.close();
  }

  private static void topicSelectors(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer even = session.createConsumer(session.createQueue("S.aware.numbers"), "n = 2");
    numbered(session, session.createTopic("aware.numbers"), 3);
    all(c, "selected", even);
    even.close();
    MessageConsumer left = session.createConsumer(session.createQueue("S.aware.numbers"));
    c.say("left: " + c.describe.body(left.receive(Compare.SHORT)));
    connection.close();
  }

  private static void transactions(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    Session plain = Compare.session(connection);
    MessageConsumer target = plain.createConsumer(plain.createQueue("virtual.only.target"));
    numbered(session, session.createQueue("virtual.only"), 2);
    c.say("open: " + c.describe.body(target.receive(Compare.SHORT)));
    session.rollback();
    numbered(session, session.createQueue("virtual.only"), 1);
    session.commit();
    all(c, "committed", target);
    connection.close();
  }

  private static void mirrored(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer mirror = session.createConsumer(session.createTopic("Mirror.mirrored.end"));
    MessageConsumer every = session.createConsumer(session.createTopic("Mirror.>"));
    numbered(session, session.createQueue("mirrored"), 2);
    all(c, "mirror", mirror);
    all(c, "every", every);
    all(c, "queue", session.createConsumer(session.createQueue("mirrored")));
    connection.close();
  }

  /** The default virtual topics are off if interceptors are configured. */
  private static void noVirtualTopics(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer consumer =
        session.createConsumer(session.createQueue("Consumer.A.VirtualTopic.orders"));
    numbered(session, session.createTopic("VirtualTopic.orders"), 1);
    c.say("consumer: " + c.describe.body(consumer.receive(Compare.SHORT)));
    connection.close();
  }
}

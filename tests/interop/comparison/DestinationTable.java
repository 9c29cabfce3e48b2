import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.jms.Connection;
import javax.jms.Destination;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import javax.jms.TemporaryTopic;
import javax.jms.Topic;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;

/** Scenarios about destinations: composites, wildcards, virtual and temporary ones. */
final class DestinationTable {
  private DestinationTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("destination-composite", DestinationTable::composite);
    table.put("destination-wildcards", DestinationTable::wildcards);
    table.put("destination-wildcard-sends", DestinationTable::wildcardSends);
    table.put("destination-virtual-topics", DestinationTable::virtualTopics);
    table.put("destination-temporary", DestinationTable::temporary);
    table.put("destination-names", DestinationTable::names);
    table.put("destination-removal", DestinationTable::removal);
    table.put("destination-options", DestinationTable::options);
    table.put("destination-no-local", DestinationTable::noLocal);
    table.put("destination-advisories", DestinationTable::advisories);
  }

  private static String withDestinations(Compare c, Message message) throws Exception {
    if (message == null) return "nothing";
    return c.describe.body(message) + " to " + message.getJMSDestination()
        + " original " + ((ActiveMQMessage) message).getOriginalDestination();
  }

  private static void composite(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Destination both = new ActiveMQQueue("composite.a,composite.b,topic://composite.c");
    MessageConsumer topic = session.createConsumer(session.createTopic("composite.c"));
    Compare.send(session, both, "x");
    for (String name : new String[] {"composite.a", "composite.b"}) {
      MessageConsumer consumer = session.createConsumer(session.createQueue(name));
      c.say(withDestinations(c, consumer.receive(Compare.WAIT)));
      consumer.close();
    }
    c.say(withDestinations(c, topic.receive(Compare.WAIT)));
    MessageConsumer each = session.createConsumer(new ActiveMQQueue("composite.a,composite.b"));
    Compare.send(session, session.createQueue("composite.a"), "a");
    Compare.send(session, session.createQueue("composite.b"), "b");
    for (int i = 0; i < 2; i++) c.say(withDestinations(c, each.receive(Compare.WAIT)));
    connection.close();
  }

  private static void wildcards(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    String[] filters = {"wild.>", "wild.*", "wild.*.b", "wild.a", "*.a", "wild.>.b", "w*.a"};
    MessageConsumer[] topics = new MessageConsumer[filters.length];
    for (int i = 0; i < filters.length; i++) {
      topics[i] = session.createConsumer(session.createTopic(filters[i]));
    }
    for (String name : new String[] {"wild", "wild.a", "wild.a.b", "other.a"}) {
      Compare.send(session, session.createTopic(name), name);
    }
    for (int i = 0; i < filters.length; i++) {
      Set<String> found = new TreeSet<>();
      for (Message m = topics[i].receive(200); m != null; m = topics[i].receive(200)) {
        found.add(m.getJMSDestination().toString());
      }
      c.say(filters[i] + " " + found);
      topics[i].close();
    }
    Compare.send(session, session.createQueue("wildqueue.a"), "old");
    MessageConsumer queues = session.createConsumer(session.createQueue("wildqueue.>"));
    Compare.send(session, session.createQueue("wildqueue.b"), "new");
    for (int i = 0; i < 2; i++) c.say(withDestinations(c, queues.receive(Compare.WAIT)));
    connection.close();
  }

  private static void wildcardSends(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer a = session.createConsumer(session.createQueue("wildsend.a"));
    MessageConsumer b = session.createConsumer(session.createQueue("wildsend.b"));
    c.attempt("send", () -> {
      Compare.send(session, session.createQueue("wildsend.*"), "all");
      return null;
    });
    c.say("a " + withDestinations(c, a.receive(Compare.SHORT)));
    c.say("b " + withDestinations(c, b.receive(Compare.SHORT)));
    c.attempt("nobody", () -> {
      Compare.send(session, session.createQueue("wildnobody.*"), "none");
      return null;
    });
    connection.close();
  }

  private static void virtualTopics(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Topic topic = session.createTopic("VirtualTopic.orders");
    MessageConsumer a = session.createConsumer(session.createQueue("Consumer.A.VirtualTopic.orders"));
    MessageConsumer b = session.createConsumer(session.createQueue("Consumer.B.VirtualTopic.orders"));
    MessageConsumer plain = session.createConsumer(topic);
    Message message = session.createTextMessage("v");
    session.createProducer(topic).send(message);
    for (MessageConsumer each : new MessageConsumer[] {a, b, plain}) {
      Message found = each.receive(Compare.WAIT);
      c.say(withDestinations(c, found) + " same id "
          + found.getJMSMessageID().equals(message.getJMSMessageID()));
    }
    Session transacted = connection.createSession(true, Session.SESSION_TRANSACTED);
    Compare.send(transacted, topic, "rolled back");
    transacted.rollback();
    Compare.send(transacted, topic, "committed");
    transacted.commit();
    c.say("a " + c.drain(a) + "; plain " + c.drain(plain));
    connection.close();
  }

  private static void temporary(Compare c) throws Exception {
    ActiveMQConnection owner = Compare.connect();
    Session session = Compare.session(owner);
    TemporaryQueue queue = session.createTemporaryQueue();
    TemporaryTopic topic = session.createTemporaryTopic();
    c.say(c.describe.stable(queue.toString()) + " " + c.describe.stable(topic.toString()));
    MessageConsumer consumer = session.createConsumer(queue);
    MessageConsumer onTopic = session.createConsumer(topic);
    ActiveMQConnection other = Compare.connect();
    Session foreign = Compare.session(other);
    Compare.awaitTemporary(other, queue, true);
    Compare.awaitTemporary(other, topic, true);
    Compare.send(foreign, queue, "q");
    Compare.send(foreign, topic, "t");
    c.say(c.drain(consumer) + ", " + c.drain(onTopic));
    c.attempt("foreign consumer", () -> foreign.createConsumer(queue) != null);
    c.attempt("foreign browser", () -> foreign.createBrowser(queue).getEnumeration().hasMoreElements());
    c.attempt("delete in use", () -> {
      queue.delete();
      return null;
    });
    consumer.close();
    c.attempt("delete", () -> {
      queue.delete();
      return null;
    });
    Compare.awaitTemporary(other, queue, false);
    c.attempt("send of the owner", () -> {
      Compare.send(session, queue, "gone");
      return null;
    });
    c.attempt("send of another", () -> {
      Compare.send(foreign, queue, "gone");
      return null;
    });
    TemporaryQueue left = session.createTemporaryQueue();
    Compare.send(session, left, "x");
    Compare.awaitTemporary(other, left, true);
    owner.close();
    Compare.awaitTemporary(other, left, false);
    c.attempt("send after the end of the owner", () -> {
      Compare.send(foreign, left, "gone");
      return null;
    });
    other.close();
  }

  private static void names(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    String[] names = {
      "plain", " blank ", "with space", "queue://prefixed", "topic://prefixed", "a/b", "\u00e4\u20ac",
      "a?consumer.exclusive=true", "semi;colon", "x".repeat(200), "a..b", ".a", "a.", "$a", "a:b",
    };
    for (String name : names) {
      c.attempt(name.length() > 50 ? "long" : name, () -> {
        Queue queue = session.createQueue(name);
        MessageConsumer consumer = session.createConsumer(queue);
        Compare.send(session, queue, "n");
        Message found = consumer.receive(Compare.SHORT);
        consumer.close();
        return found == null ? "nothing" : found.getJMSDestination();
      });
    }
    connection.close();
  }

  private static void removal(Compare c) throws Exception {
    ActiveMQConnection connection = Compare.connect();
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("removal");
    Compare.send(session, queue, "lost");
    MessageConsumer consumer = session.createConsumer(queue);
    c.attempt("with a consumer", () -> {
      connection.destroyDestination((ActiveMQDestination) queue);
      return null;
    });
    consumer.close();
    Compare.send(session, queue, "lost");
    c.attempt("without", () -> {
      connection.destroyDestination((ActiveMQDestination) queue);
      return null;
    });
    c.say(c.describe.body(session.createConsumer(queue).receive(Compare.SHORT)));
    c.attempt("unknown", () -> {
      connection.destroyDestination(new ActiveMQQueue("removal.unknown"));
      return null;
    });
    c.attempt("topic", () -> {
      connection.destroyDestination(new ActiveMQTopic("removal.topic"));
      return null;
    });
    connection.close();
  }

  private static void options(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    for (String option : new String[] {"consumer.prefetchSize=1", "consumer.unknown=1",
        "consumer.selector=JMSPriority=4", "producer.x=1", "x=1"}) {
      c.attempt(option, () -> {
        Queue queue = session.createQueue("options?" + option);
        MessageConsumer consumer = session.createConsumer(queue);
        Compare.send(session, queue, "o");
        Message found = consumer.receive(Compare.SHORT);
        consumer.close();
        return withDestinations(c, found);
      });
    }
    connection.close();
  }

  private static void noLocal(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Topic topic = session.createTopic("no-local");
    MessageConsumer own = session.createConsumer(topic, null, true);
    Connection other = Compare.connect();
    Compare.send(session, topic, "own");
    Compare.send(Compare.session(other), topic, "other");
    c.say(c.drain(own));
    connection.close();
    other.close();
  }

  private static void advisories(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    String[] names = {"Consumer.Queue.watched", "Producer.Queue.watched", "Consumer.Topic.watched"};
    MessageConsumer[] watchers = new MessageConsumer[names.length];
    for (int i = 0; i < names.length; i++) {
      watchers[i] = session.createConsumer(session.createTopic("ActiveMQ.Advisory." + names[i]));
    }
    Connection other = Compare.connect();
    Session acting = Compare.session(other);
    Queue queue = acting.createQueue("watched");
    MessageConsumer consumer = acting.createConsumer(queue, "a = 1");
    MessageProducer producer = acting.createProducer(queue);
    MessageConsumer onTopic = acting.createConsumer(acting.createTopic("watched"));
    producer.close();
    consumer.close();
    onTopic.close();
    for (int i = 0; i < names.length; i++) {
      for (int n = 0; n < 2; n++) {
        ActiveMQMessage found = (ActiveMQMessage) watchers[i].receive(Compare.WAIT);
        if (found == null) {
          c.say(names[i] + " nothing");
          continue;
        }
        Object structure = found.getDataStructure();
        c.say(names[i] + " " + (structure == null ? null : structure.getClass().getSimpleName())
            + " consumers " + found.getObjectProperty("consumerCount")
            + " producers " + found.getObjectProperty("producerCount")
            + " type " + found.getJMSType() + " mode " + found.getJMSDeliveryMode()
            + " priority " + found.getJMSPriority());
      }
    }
    connection.close();
    other.close();
  }
}

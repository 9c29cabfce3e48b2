import java.util.Map;
import javax.jms.Connection;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.command.ActiveMQDestination;

/** Scenarios about a user with few rights, which are those of {@code settings.ts}. */
final class RightsTable {
  private RightsTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("rights-consume", RightsTable::consume);
    table.put("rights-send", RightsTable::send);
    table.put("rights-destinations", RightsTable::destinations);
    table.put("rights-virtual", RightsTable::virtual);
    table.put("rights-transactions", RightsTable::transactions);
    table.put("rights-scheduler", RightsTable::scheduler);
    table.put("rights-temporary", RightsTable::temporary);
  }

  private static ActiveMQConnection connect(String user) throws JMSException {
    Connection connection = Compare.factory().createConnection(user, Compare.PASSWORD);
    connection.start();
    return (ActiveMQConnection) connection;
  }

  private static Destination named(String name) {
    return ActiveMQDestination.createDestination(name, ActiveMQDestination.QUEUE_TYPE);
  }

  private static final String[] NAMES = {
    "own.a", "own.*", "own.>", "own.a.b", "other.a", "other.*", "*.a", ">", "*", "own.a,own.b",
    "own.a,other.a", "own.a,queue://other.a", "queue://other.a,own.a", "own.a,topic://other.a",
    "topic://own.a", "topic://other.a", "topic://>", "topic://own.a,topic://ActiveMQ.Advisory.>",
    "topic://ActiveMQ.Advisory.Connection", "topic://ActiveMQ.Advisory.>", "ActiveMQ.Advisory.Queue",
    "Consumer.own.VirtualTopic.other", "Consumer.own.VirtualTopic.own", "topic://VirtualTopic.other",
    "ActiveMQ.DLQ", "ActiveMQ.Statistics.Broker", "topic://ActiveMQ.Scheduler.Management",
    "own.a ", " other.a", "own", "OWN.a", "own.a?consumer.exclusive=true", "readonly", "writeonly",
  };

  private static void consume(Compare c) throws Exception {
    ActiveMQConnection admin = Compare.connect();
    Session all = Compare.session(admin);
    for (String name : new String[] {"own.a", "other.a", "writeonly", "readonly"}) {
      Compare.send(all, named(name), "secret of " + name);
    }
    ActiveMQConnection connection = connect("alice");
    Session session = Compare.session(connection);
    for (String name : NAMES) {
      c.attempt("consume " + name, () -> {
        MessageConsumer consumer = session.createConsumer(named(name));
        consumer.close();
        return null;
      });
    }
    for (String name : new String[] {"own.a", "other.a", "writeonly", "readonly"}) {
      c.attempt("browse " + name, () -> session
          .createBrowser(session.createQueue(name)).getEnumeration().hasMoreElements());
    }
    connection.close();
    admin.close();
  }

  private static void send(Compare c) throws Exception {
    ActiveMQConnection connection = connect("alice");
    Session session = Compare.session(connection);
    for (String name : NAMES) {
      c.attempt("send " + name, () -> {
        Compare.send(session, named(name), "x");
        return null;
      });
      c.attempt("send without a producer's destination " + name, () -> {
        session.createProducer(null).send(named(name), session.createTextMessage("y"));
        return null;
      });
    }
    connection.close();
    ActiveMQConnection admin = Compare.connect();
    Session all = Compare.session(admin);
    // Where ActiveMQ puts messages that consumers of rights-consume returned depends on the time.
    for (String name : new String[] {"own.a", "own.b", "other.a", "readonly", "writeonly"}) {
      c.say(name + ": " + c.drainSorted(all.createConsumer(named(name))));
    }
    admin.close();
  }

  private static void destinations(Compare c) throws Exception {
    ActiveMQConnection admin = Compare.connect();
    Session all = Compare.session(admin);
    for (String name : new String[] {"own.gone", "other.gone"}) Compare.send(all, named(name), "x");
    ActiveMQConnection connection = connect("alice");
    Session session = Compare.session(connection);
    for (String name : new String[] {"own.gone", "other.gone", "own.gone,other.gone", ">"}) {
      c.attempt("remove " + name, () -> {
        connection.destroyDestination((ActiveMQDestination) named(name));
        return null;
      });
    }
    for (String name : new String[] {"own.gone", "other.gone"}) {
      MessageConsumer consumer = all.createConsumer(named(name));
      c.say(name + ": " + c.describe.body(consumer.receive(Compare.SHORT)));
    }
    // Needs the right to create destinations.
    for (String name : new String[] {"noadmin.new", "topic://noadmin.new"}) {
      c.attempt("create " + name, () -> {
        Compare.send(session, named(name), "x");
        return null;
      });
      c.attempt("create by a consumer " + name, () -> {
        session.createConsumer(named(name)).close();
        return null;
      });
    }
    connection.close();
    admin.close();
  }

  private static void virtual(Compare c) throws Exception {
    ActiveMQConnection admin = Compare.connect();
    Session all = Compare.session(admin);
    MessageConsumer copies =
        all.createConsumer(all.createQueue("Consumer.admin.VirtualTopic.own"));
    MessageConsumer forwarded = all.createConsumer(all.createQueue("other.forwarded"));
    ActiveMQConnection connection = connect("alice");
    Session session = Compare.session(connection);
    c.attempt("send to a virtual topic", () -> {
      Compare.send(session, session.createTopic("VirtualTopic.own"), "copied");
      return null;
    });
    c.say("copies: " + c.describe.body(copies.receive(2000)));
    c.attempt("send to a composite queue", () -> {
      Compare.send(session, session.createQueue("own.forward"), "forwarded");
      return null;
    });
    c.say("forwarded: " + c.describe.body(forwarded.receive(2000)));
    connection.close();
    admin.close();
  }

  private static void transactions(Compare c) throws Exception {
    ActiveMQConnection connection = connect("alice");
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    c.attempt("allowed", () -> {
      Compare.send(session, named("own.tx"), "one");
      return null;
    });
    c.attempt("refused", () -> {
      session.createProducer(null).send(named("other.tx"), session.createTextMessage("two"));
      return null;
    });
    c.attempt("commit", () -> {
      session.commit();
      return null;
    });
    ActiveMQConnection admin = Compare.connect();
    Session all = Compare.session(admin);
    MessageConsumer consumer = all.createConsumer(named("other.tx"));
    c.say("other: " + c.describe.body(consumer.receive(1000)));
    connection.close();
    admin.close();
  }

  private static void scheduler(Compare c) throws Exception {
    ActiveMQConnection connection = connect("alice");
    Session session = Compare.session(connection);
    ActiveMQConnection admin = Compare.connect();
    Session all = Compare.session(admin);
    for (String name : new String[] {"own.later", "other.later"}) {
      c.attempt("schedule " + name, () -> {
        Message message = session.createTextMessage("later");
        message.setLongProperty("AMQ_SCHEDULED_DELAY", 200);
        session.createProducer(null).send(named(name), message);
        return null;
      });
      MessageConsumer consumer = all.createConsumer(named(name));
      c.say(name + ": " + c.describe.body(consumer.receive(1500)));
    }
    connection.close();
    admin.close();
  }

  private static void temporary(Compare c) throws Exception {
    ActiveMQConnection admin = Compare.connect();
    Session all = Compare.session(admin);
    TemporaryQueue foreign = all.createTemporaryQueue();
    for (String user : new String[] {"alice", "carol"}) {
      ActiveMQConnection connection = connect(user);
      Session session = Compare.session(connection);
      Compare.awaitTemporary(connection, foreign, true);
      c.attempt(user + " creates", () -> {
        session.createTemporaryQueue();
        return null;
      });
      c.attempt(user + " sends", () -> {
        Compare.send(session, foreign, "answer");
        return null;
      });
      connection.close();
    }
    MessageConsumer consumer = all.createConsumer(foreign);
    c.say("received: " + c.drain(consumer));
    admin.close();
  }
}

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.jms.Connection;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.command.ActiveMQDestination;

/**
 * Plays the scenarios of a table to a broker and prints what it sees: a line {@code == name} for each scenario, and
 * one line for each observation. The broker must be new.
 */
public final class Compare {
  static final String URL = System.getenv("BROKER_URL");
  static final String USER = System.getenv("BROKER_USER");
  static final String PASSWORD = System.getenv("BROKER_PASSWORD");
  /** Milliseconds to wait for a message that must come. */
  static final long WAIT = 30_000;
  /** Milliseconds to wait for a message that must not come. */
  static final long SHORT = 500;

  /** A scenario. */
  interface Scenario {
    void play(Compare compare) throws Exception;
  }

  Describe describe = new Describe();

  private Compare() {}

  public static void main(String[] args) throws Exception {
    // The client's threads would keep the process alive.
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, error) -> {
          error.printStackTrace();
          Runtime.getRuntime().halt(1);
        });
    System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8"));
    for (Map.Entry<String, Scenario> entry : scenarios(args[0]).entrySet()) {
      if (args.length > 1 && !entry.getKey().startsWith(args[1])) continue;
      Compare compare = new Compare();
      System.out.println("== " + entry.getKey());
      try {
        entry.getValue().play(compare);
      } catch (Throwable error) {
        compare.say("ended by " + compare.describe.error(error));
      }
    }
    System.exit(0);
  }

  /** The scenarios of a table of {@code settings.ts}. */
  private static Map<String, Scenario> scenarios(String name) {
    Map<String, Scenario> table = new LinkedHashMap<>();
    switch (name) {
      case "standard":
        MessageTable.add(table);
        ConsumerTable.add(table);
        DestinationTable.add(table);
        ErrorTable.add(table);
        StompTable.add(table);
        EvictionTable.add(table);
        PolicyTable.add(table);
        FailoverTable.add(table);
        SchedulerTable.add(table);
        break;
      case "features":
        FeatureTable.add(table);
        VirtualTable.add(table);
        break;
      case "before":
        RestartTable.addBefore(table);
        break;
      case "after":
        RestartTable.addAfter(table);
        break;
      case "limits":
        VirtualTable.addMirrored(table);
        LimitTable.add(table);
        break;
      case "rights":
        RightsTable.add(table);
        break;
      default:
        throw new IllegalArgumentException(name);
    }
    return table;
  }

  void say(Object value) {
    System.out.println(value);
    System.out.flush();
  }

  static ActiveMQConnectionFactory factory() {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(USER, PASSWORD, URL);
    factory.setTrustAllPackages(true);
    return factory;
  }

  static ActiveMQConnection connect() throws JMSException {
    return connect(null);
  }

  static ActiveMQConnection connect(String clientId) throws JMSException {
    Connection connection = factory().createConnection();
    if (clientId != null) connection.setClientID(clientId);
    connection.start();
    return (ActiveMQConnection) connection;
  }

  static Session session(Connection connection) throws JMSException {
    return connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
  }

  static void send(Session session, Destination to, String... texts) throws JMSException {
    MessageProducer producer = session.createProducer(to);
    for (String text : texts) producer.send(session.createTextMessage(text));
    producer.close();
  }

  /**
   * Waits until a connection's client has been told that a temporary destination exists, or that it is gone. The
   * client refuses messages to one that it does not know.
   */
  static void awaitTemporary(ActiveMQConnection connection, Destination destination, boolean exists)
      throws InterruptedException {
    long end = System.currentTimeMillis() + WAIT;
    while (connection.isDeleted((ActiveMQDestination) destination) == exists) {
      if (System.currentTimeMillis() > end) return;
      Thread.sleep(10);
    }
  }

  /** The bodies of all messages that come, and whether each was delivered before. */
  String drain(MessageConsumer consumer) throws JMSException {
    return drain(consumer, WAIT);
  }

  /** The same, with the milliseconds to wait for the first one. */
  String drain(MessageConsumer consumer, long first) throws JMSException {
    StringBuilder all = new StringBuilder();
    long wait = first;
    for (Message m = consumer.receive(wait); m != null; m = consumer.receive(wait)) {
      all.append(all.length() == 0 ? "" : ", ").append(describe.body(m));
      all.append(m.getJMSRedelivered() ? "+" : "");
      wait = SHORT;
    }
    return all.length() == 0 ? "nothing" : all.toString();
  }

  /** The same in the order of the texts, for messages whose order is left open. */
  String drainSorted(MessageConsumer consumer) throws JMSException {
    String[] all = drain(consumer).split(", ");
    Arrays.sort(all);
    return String.join(", ", all);
  }

  /** Describes the dead letters of a queue name. */
  void deadLetters(Session session, int count) throws JMSException {
    Queue queue = session.createQueue("ActiveMQ.DLQ");
    MessageConsumer consumer = session.createConsumer(queue);
    for (int i = 0; i < count; i++) say("dead: " + describe.all(consumer.receive(WAIT)));
    consumer.close();
  }

  /** Prints the error of an action, or its result. */
  void attempt(String what, Attempt attempt) {
    try {
      Object result = attempt.run();
      say(what + ": " + (result == null ? "done" : result));
    } catch (Throwable error) {
      say(what + ": " + describe.error(error));
    }
  }

  /** An action that may fail. */
  interface Attempt {
    Object run() throws Exception;
  }
}

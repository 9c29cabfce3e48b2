import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
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

/**
 * Plays scenarios to a broker and prints what it sees: a line {@code == name} for each scenario, and
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
    Map<String, Scenario> table = new LinkedHashMap<>();
    MessageTable.add(table);
    ConsumerTable.add(table);
    DestinationTable.add(table);
    ErrorTable.add(table);
    StompTable.add(table);
    EvictionTable.add(table);
    PolicyTable.add(table);
    for (Map.Entry<String, Scenario> entry : table.entrySet()) {
      if (args.length > 0 && !entry.getKey().startsWith(args[0])) continue;
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

  /** The bodies of all messages that come, and whether each was delivered before. */
  String drain(MessageConsumer consumer) throws JMSException {
    StringBuilder all = new StringBuilder();
    long wait = WAIT;
    for (Message m = consumer.receive(wait); m != null; m = consumer.receive(wait)) {
      all.append(all.length() == 0 ? "" : ", ").append(describe.body(m));
      all.append(m.getJMSRedelivered() ? "+" : "");
      wait = SHORT;
    }
    return all.length() == 0 ? "nothing" : all.toString();
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

import java.util.Map;
import java.util.TreeSet;
import java.util.Set;
import javax.jms.Connection;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;

/** Scenarios about scheduled messages: cron, repetition, and the management of jobs. */
final class SchedulerTable {
  private SchedulerTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("scheduler-cron", SchedulerTable::cron);
    table.put("scheduler-management", SchedulerTable::management);
    table.put("scheduler-transaction", SchedulerTable::transaction);
    table.put("scheduler-topic", SchedulerTable::topic);
  }

  /** Milliseconds in which each minute begins once. */
  private static final long MINUTE = 75_000;

  private static Message scheduled(Session session, String text, Object... properties)
      throws JMSException {
    Message message = session.createTextMessage(text);
    for (int i = 0; i < properties.length; i += 2) {
      message.setObjectProperty("AMQ_SCHEDULED_" + properties[i], properties[i + 1]);
    }
    return message;
  }

  private static void manage(Session session, String action, Destination answers, Object... more)
      throws JMSException {
    MessageProducer producer =
        session.createProducer(session.createTopic("ActiveMQ.Scheduler.Management"));
    Message message = session.createMessage();
    message.setStringProperty("AMQ_SCHEDULER_ACTION", action);
    for (int i = 0; i < more.length; i += 2) {
      message.setObjectProperty((String) more[i], more[i + 1]);
    }
    message.setJMSReplyTo(answers);
    producer.send(message);
    producer.close();
  }

  /** Where in a minute a message came, in seconds; it was late by less than that. */
  private static String second() {
    long ms = System.currentTimeMillis() % 60_000;
    return ms < 20_000 ? "at the beginning of a minute" : "in a minute";
  }

  private static void cron(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    String[] names = {"each", "never", "delayed"};
    MessageConsumer[] consumers = new MessageConsumer[names.length];
    MessageProducer producer = session.createProducer(null);
    for (int i = 0; i < names.length; i++) {
      consumers[i] = session.createConsumer(session.createQueue("cron." + names[i]));
    }
    producer.send(session.createQueue("cron.each"), scheduled(session, "each", "CRON", "* * * * *"));
    producer.send(session.createQueue("cron.never"), scheduled(session, "never", "CRON", "0 0 1 1 *"));
    producer.send(session.createQueue("cron.delayed"),
        scheduled(session, "delayed", "CRON", "*/1 0-23 1-31 1-12 *", "DELAY", 2000L));
    Message each = consumers[0].receive(MINUTE);
    c.say(c.describe.all(each) + " " + second());
    c.say("delayed: " + c.describe.body(consumers[2].receive(Compare.WAIT)));
    // The next minute.
    c.say("again: " + c.describe.body(consumers[0].receive(MINUTE)) + " " + second());
    c.say("never: " + c.describe.body(consumers[1].receive(Compare.SHORT)));
    manage(session, "REMOVEALL", null);
    connection.close();
  }

  /** The jobs that the broker shows, and removes the one with a text. */
  private static String browse(
      Compare c, Session session, String remove, Object... range) throws JMSException {
    Destination answers = session.createTemporaryQueue();
    MessageConsumer consumer = session.createConsumer(answers);
    manage(session, "BROWSE", answers, range);
    Set<String> all = new TreeSet<>();
    for (Message m = consumer.receive(2000); m != null; m = consumer.receive(1000)) {
      String text = c.describe.body(m);
      all.add(text);
      if (remove == null) continue;
      if (text.equals("text " + remove)) {
        c.say("shown: " + c.describe.all(m));
        manage(session, "REMOVE", null, "scheduledJobId", m.getStringProperty("scheduledJobId"));
      }
    }
    consumer.close();
    return all.toString();
  }

  private static void management(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageProducer producer = session.createProducer(session.createQueue("managed"));
    producer.send(scheduled(session, "hour", "DELAY", 3_600_000L));
    producer.send(scheduled(session, "day", "DELAY", 86_400_000L, "PERIOD", 60_000L, "REPEAT", 3));
    producer.send(scheduled(session, "cron", "CRON", "0 0 1 1 *"));
    c.say("all: " + browse(c, session, "day"));
    c.say("after the removal: " + browse(c, session, null));
    long now = System.currentTimeMillis();
    Object[] range = {
      "ACTION_START_TIME", String.valueOf(now), "ACTION_END_TIME", String.valueOf(now + 7_200_000),
    };
    c.say("of two hours: " + browse(c, session, null, range));
    manage(session, "REMOVEALL", null, range);
    c.say("left: " + browse(c, session, null));
    manage(session, "REMOVEALL", null);
    c.say("nothing: " + browse(c, session, null));
    c.attempt("remove of an unknown job", () -> {
      manage(session, "REMOVE", null, "scheduledJobId", "ID:unknown");
      return null;
    });
    c.attempt("unknown action", () -> {
      manage(session, "OTHER", null);
      return null;
    });
    connection.close();
  }

  private static void transaction(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    Session plain = Compare.session(connection);
    MessageProducer producer = session.createProducer(session.createQueue("scheduled.tx"));
    MessageConsumer consumer = plain.createConsumer(plain.createQueue("scheduled.tx"));
    producer.send(scheduled(session, "rolled back", "DELAY", 200L));
    session.rollback();
    producer.send(scheduled(session, "committed", "DELAY", 200L));
    c.say("open: " + c.describe.body(consumer.receive(1000)));
    session.commit();
    c.say(c.drain(consumer));
    connection.close();
  }

  private static void topic(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer consumer = session.createConsumer(session.createTopic("scheduled.topic"));
    MessageProducer producer = session.createProducer(session.createTopic("scheduled.topic"));
    Message message = scheduled(session, "topic", "DELAY", "300");
    producer.setTimeToLive(60_000);
    producer.send(message);
    c.say(c.describe.all(consumer.receive(Compare.WAIT)));
    connection.close();
  }
}

import java.util.Map;
import java.util.TreeSet;
import java.util.Set;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.Topic;
import javax.jms.XAConnection;
import javax.jms.XASession;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.activemq.ActiveMQXAConnectionFactory;

/** Scenarios before and after a restart of the broker. */
final class RestartTable {
  private RestartTable() {}

  static void addBefore(Map<String, Compare.Scenario> table) {
    table.put("restart-1-transactions", RestartTable::prepare);
    table.put("restart-1-messages", RestartTable::leave);
  }

  static void addAfter(Map<String, Compare.Scenario> table) {
    table.put("restart-2-transactions", RestartTable::finish);
    table.put("restart-2-messages", RestartTable::find);
  }

  private static XAConnection connect() throws Exception {
    XAConnection connection =
        new ActiveMQXAConnectionFactory(Compare.USER, Compare.PASSWORD, Compare.URL)
            .createXAConnection();
    connection.start();
    return connection;
  }

  /** Prepares three transactions that receive and send, and leaves one unprepared. */
  private static void prepare(Compare c) throws Exception {
    Connection plain = Compare.connect();
    Session sending = Compare.session(plain);
    Compare.send(sending, sending.createQueue("restart.in"), "in1", "in2", "in3", "in4");
    XAConnection connection = connect();
    XASession session = connection.createXASession();
    XAResource resource = session.getXAResource();
    MessageConsumer consumer = session.createConsumer(session.createQueue("restart.in"));
    for (int n = 1; n <= 4; n++) {
      Xid xid = new NumberedXid(100 + n);
      resource.start(xid, XAResource.TMNOFLAGS);
      c.say("received " + c.describe.body(consumer.receive(Compare.WAIT)));
      Compare.send(session, session.createQueue("restart.out"), "out" + n);
      resource.end(xid, XAResource.TMSUCCESS);
      if (n < 4) c.say("prepare " + resource.prepare(xid));
    }
    connection.close();
    plain.close();
  }

  private static void finish(Compare c) throws Exception {
    XAConnection connection = connect();
    XAResource resource = connection.createXASession().getXAResource();
    Set<String> recovered = new TreeSet<>();
    for (Xid each : resource.recover(XAResource.TMSTARTRSCAN)) {
      recovered.add(each.getFormatId() + " " + each.getGlobalTransactionId()[0]);
    }
    c.say("recovered " + recovered);
    Connection plain = Compare.connect();
    Session session = Compare.session(plain);
    MessageConsumer out = session.createConsumer(session.createQueue("restart.out"));
    c.say("out before: " + c.describe.body(out.receive(1000)));
    resource.commit(new NumberedXid(101), false);
    resource.rollback(new NumberedXid(102));
    c.say("out: " + c.drain(out));
    MessageConsumer in = session.createConsumer(session.createQueue("restart.in"));
    Set<String> found = new TreeSet<>();
    for (Message m = in.receive(Compare.WAIT); m != null; m = in.receive(1000)) {
      found.add(c.describe.body(m));
    }
    c.say("in: " + found);
    c.say("left " + resource.recover(XAResource.TMSTARTRSCAN).length);
    resource.commit(new NumberedXid(103), false);
    c.say("out: " + c.drain(out));
    connection.close();
    plain.close();
  }

  private static void leave(Compare c) throws Exception {
    Connection connection = Compare.connect("restarted");
    Session session = Compare.session(connection);
    Topic topic = session.createTopic("restart.topic");
    Queue queue = session.createQueue("restart.queue");
    session.createDurableSubscriber(topic, "all").close();
    session.createDurableSubscriber(topic, "some", "n = 2", false).close();
    MessageProducer producer = session.createProducer(null);
    for (int n = 1; n <= 3; n++) {
      Message message = session.createTextMessage("m" + n);
      message.setIntProperty("n", n);
      int mode = n == 3 ? DeliveryMode.NON_PERSISTENT : DeliveryMode.PERSISTENT;
      producer.send(topic, message, mode, 4, 0);
      producer.send(queue, message, mode, 4, 0);
    }
    Message delayed = session.createTextMessage("delayed");
    delayed.setLongProperty("AMQ_SCHEDULED_DELAY", 3000);
    producer.send(session.createQueue("restart.delayed"), delayed);
    c.say("left");
    connection.close();
  }

  private static void find(Compare c) throws Exception {
    Connection connection = Compare.connect("restarted");
    Session session = Compare.session(connection);
    Topic topic = session.createTopic("restart.topic");
    MessageConsumer all = session.createDurableSubscriber(topic, "all");
    MessageConsumer some = session.createDurableSubscriber(topic, "some", "n = 2", false);
    c.say("all: " + c.drain(all));
    c.say("some: " + c.drain(some));
    c.say("queue: " + c.drain(session.createConsumer(session.createQueue("restart.queue"))));
    c.say("delayed: " + c.drain(session.createConsumer(session.createQueue("restart.delayed"))));
    connection.close();
  }
}

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.Connection;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.XAConnection;
import javax.jms.XASession;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQXAConnectionFactory;

/**
 * Moves numbered messages from one queue to another in XA transactions, as a transaction manager would, while
 * the broker is killed: it decides after a successful prepare, and finishes what a lost connection left.
 *
 * <p>Arguments: the number of messages, and the number of workers. Prints each number that was moved, then
 * what the queues have.
 */
final class XaKills {
  private static final String URL = System.getenv("BROKER_URL");
  private static final String PASSWORD = System.getenv("BROKER_PASSWORD");
  private static final AtomicInteger movedCount = new AtomicInteger();

  private XaKills() {}

  public static void main(String[] args) throws Exception {
    int messageCount = Integer.parseInt(args[0]);
    int workerCount = Integer.parseInt(args[1]);
    fill(messageCount);
    System.out.println("filled");
    List<Thread> threads = new ArrayList<>();
    for (int n = 0; n < workerCount; n++) {
      Thread thread = new Thread(new Worker((byte) n, messageCount));
      thread.start();
      threads.add(thread);
    }
    for (Thread each : threads) each.join();
    System.out.println("moved " + movedCount.get());
    System.out.println("in doubt " + inDoubt());
    System.out.println("from " + drain("xa.from"));
    System.out.println("to " + drain("xa.to"));
  }

  private static Connection connect() throws JMSException {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory("admin", PASSWORD, URL);
    Connection connection = factory.createConnection();
    connection.start();
    return connection;
  }

  private static void fill(int count) throws JMSException {
    Connection connection = connect();
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    MessageProducer producer = session.createProducer(session.createQueue("xa.from"));
    for (int n = 0; n < count; n++) producer.send(session.createTextMessage(String.valueOf(n)));
    session.commit();
    connection.close();
  }

  private static int inDoubt() throws Exception {
    XAConnection connection = Worker.xaConnect();
    int count = connection.createXASession().getXAResource().recover(XAResource.TMSTARTRSCAN).length;
    connection.close();
    return count;
  }

  /** The texts of all messages of a queue, sorted by number. */
  private static String drain(String name) throws JMSException {
    Connection connection = connect();
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageConsumer consumer = session.createConsumer(session.createQueue(name));
    List<Integer> found = new ArrayList<>();
    for (Message each = consumer.receive(5000); each != null; each = consumer.receive(2000)) {
      found.add(Integer.valueOf(((TextMessage) each).getText()));
    }
    connection.close();
    Collections.sort(found);
    return found.toString();
  }

  /** The id of a transaction of a worker. */
  private record Id(byte worker, int number) implements Xid {
    @Override
    public int getFormatId() {
      return 77;
    }

    @Override
    public byte[] getGlobalTransactionId() {
      return ByteBuffer.allocate(5).put(worker).putInt(number).array();
    }

    @Override
    public byte[] getBranchQualifier() {
      return new byte[] {1};
    }
  }

  /** One transaction after the other on one connection at a time. */
  private static final class Worker implements Runnable {
    private final byte worker;
    private final int messageCount;
    /** Transactions that were prepared, and so must be committed. */
    private final Set<Integer> decided = ConcurrentHashMap.newKeySet();
    private int next = 0;

    Worker(byte worker, int messageCount) {
      this.worker = worker;
      this.messageCount = messageCount;
    }

    static XAConnection xaConnect() throws JMSException {
      for (int tries = 0; ; tries++) {
        try {
          XAConnection connection =
              new ActiveMQXAConnectionFactory("admin", PASSWORD, URL).createXAConnection();
          connection.start();
          return connection;
        } catch (JMSException error) {
          if (tries == 1200) throw error;
          pause();
        }
      }
    }

    @Override
    public void run() {
      while (movedCount.get() < messageCount) {
        XAConnection connection = null;
        try {
          connection = xaConnect();
          work(connection);
        } catch (JMSException | XAException error) {
          System.out.println("lost " + error);
          pause();
        } finally {
          close(connection);
        }
      }
      // A decision may be left whose commit was cut off.
      while (!decided.isEmpty()) {
        XAConnection connection = null;
        try {
          connection = xaConnect();
          finish(connection.createXASession().getXAResource());
        } catch (JMSException | XAException error) {
          pause();
        } finally {
          close(connection);
        }
      }
    }

    /** Commits what was decided, and rolls back what else was prepared. */
    private void finish(XAResource resource) throws XAException {
      for (Xid each : resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN)) {
        ByteBuffer global = ByteBuffer.wrap(each.getGlobalTransactionId());
        if (global.get() != worker) continue;
        int number = global.getInt();
        if (decided.contains(number)) {
          resource.commit(each, false);
        } else {
          // Its prepare was answered to nobody.
          resource.rollback(each);
        }
      }
      // What was decided and is in doubt no more was committed, and its answer lost.
      for (int number : decided) {
        decided.remove(number);
        moved();
      }
    }

    private void moved() {
      System.out.println("moved " + movedCount.incrementAndGet());
    }

    private void work(XAConnection connection) throws JMSException, XAException {
      XASession session = connection.createXASession();
      XAResource resource = session.getXAResource();
      finish(resource);
      Queue to = session.createQueue("xa.to");
      MessageConsumer consumer = session.createConsumer(session.createQueue("xa.from"));
      MessageProducer producer = session.createProducer(to);
      while (movedCount.get() < messageCount) {
        int number = next++;
        Xid xid = new Id(worker, number);
        resource.start(xid, XAResource.TMNOFLAGS);
        Message message = consumer.receive(500);
        if (message != null) {
          producer.send(session.createTextMessage(((TextMessage) message).getText()));
        }
        resource.end(xid, XAResource.TMSUCCESS);
        if (message == null) {
          resource.rollback(xid);
          continue;
        }
        // Each seventh is given up after it was prepared.
        boolean isGivenUp = number % 7 == 6;
        if (resource.prepare(xid) != XAResource.XA_OK) throw new IllegalStateException("read only");
        if (isGivenUp) {
          resource.rollback(xid);
          continue;
        }
        decided.add(number);
        resource.commit(xid, false);
        decided.remove(number);
        moved();
      }
    }

    private static void close(XAConnection connection) {
      if (connection == null) return;
      try {
        connection.close();
      } catch (JMSException error) {
        // The broker is gone.
      }
    }

    private static void pause() {
      try {
        Thread.sleep(100);
      } catch (InterruptedException error) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

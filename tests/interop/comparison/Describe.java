import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.jms.BytesMessage;
import javax.jms.JMSException;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageEOFException;
import javax.jms.ObjectMessage;
import javax.jms.StreamMessage;
import javax.jms.TextMessage;

/** Describes messages and errors in a form that does not depend on the run. */
final class Describe {
  private static final Pattern ID = Pattern.compile("ID:[\\w.-]+(:-?\\d+)+");
  private static final Pattern ADDRESS =
      Pattern.compile("(tcp|ssl|stomp\\+ssl|stomp\\+nio\\+ssl)://[\\w.:]+\\d");
  private static final Pattern TIME = Pattern.compile("\\b\\d{13}\\b");

  /** A text without ids, addresses and times, on one line. */
  String stable(String text) {
    if (text == null) return null;
    Matcher ids = ID.matcher(text);
    StringBuilder out = new StringBuilder();
    while (ids.find()) {
      ids.appendReplacement(out, "ID");
    }
    ids.appendTail(out);
    String without = ADDRESS.matcher(out).replaceAll("ADDRESS");
    return TIME.matcher(without).replaceAll("TIME").replace("\n", "\\n").replace("\r", "\\r").replaceAll("[\\p{Cntrl}\ufffd]", "?");
  }

  String error(Throwable error) {
    return error.getClass().getName() + ": " + stable(String.valueOf(error.getMessage()));
  }

  /** The class and the body. */
  String body(Message message) throws JMSException {
    if (message == null) return "nothing";
    if (message instanceof TextMessage) {
      String text = ((TextMessage) message).getText();
      return "text " + (text == null ? null : text.replace("\0", "\\0"));
    }
    if (message instanceof MapMessage) return "map " + entries((MapMessage) message);
    if (message instanceof StreamMessage) return "stream " + values((StreamMessage) message);
    if (message instanceof ObjectMessage) return "object " + ((ObjectMessage) message).getObject();
    if (message instanceof BytesMessage) {
      BytesMessage bytes = (BytesMessage) message;
      byte[] all = new byte[(int) bytes.getBodyLength()];
      bytes.readBytes(all);
      return "bytes " + Arrays.toString(all);
    }
    return "plain";
  }

  private static String entries(MapMessage map) throws JMSException {
    Map<String, String> sorted = new TreeMap<>();
    for (Object name : Collections.list(map.getMapNames())) {
      sorted.put((String) name, typed(map.getObject((String) name)));
    }
    return sorted.toString();
  }

  private static String values(StreamMessage stream) throws JMSException {
    StringBuilder all = new StringBuilder();
    try {
      while (true) all.append(typed(stream.readObject())).append(' ');
    } catch (MessageEOFException end) {
      return all.toString();
    }
  }

  /** A value with its type. */
  static String typed(Object value) {
    if (value == null) return "null";
    if (value instanceof byte[]) return "byte[]" + Arrays.toString((byte[]) value);
    if (value instanceof Map) {
      Map<String, String> sorted = new TreeMap<>();
      ((Map<?, ?>) value).forEach((name, item) -> sorted.put(String.valueOf(name), typed(item)));
      return sorted.toString();
    }
    if (value instanceof List) {
      StringBuilder all = new StringBuilder("[");
      for (Object item : (List<?>) value) all.append(typed(item)).append(' ');
      return all.append(']').toString();
    }
    return value.getClass().getSimpleName() + ' ' + value;
  }

  private static String time(long ms) {
    if (ms == 0) return "0";
    long seconds = Math.abs(ms - System.currentTimeMillis()) / 1000;
    return seconds < 60 ? "now" : ms > System.currentTimeMillis() ? "later" : "before";
  }

  /** The body, all headers and all properties. */
  String all(Message message) throws JMSException {
    if (message == null) return "nothing";
    Map<String, String> properties = new TreeMap<>();
    for (Object each : Collections.list(message.getPropertyNames())) {
      String name = (String) each;
      Object value = message.getObjectProperty(name);
      properties.put(name, stable(typed(value)));
    }
    return body(message)
        + " | to " + stable(String.valueOf(message.getJMSDestination()))
        + " | id " + stable(message.getJMSMessageID())
        + " | mode " + message.getJMSDeliveryMode()
        + " | priority " + message.getJMSPriority()
        + " | sent " + time(message.getJMSTimestamp())
        + " | expires " + time(message.getJMSExpiration())
        + " | correlation " + stable(message.getJMSCorrelationID())
        + " | reply " + stable(String.valueOf(message.getJMSReplyTo()))
        + " | type " + message.getJMSType()
        + " | again " + message.getJMSRedelivered()
        + " | " + properties;
  }
}

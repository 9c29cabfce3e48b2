import javax.transaction.xa.Xid;

/** The id of an XA transaction, from a number of one byte. */
final class NumberedXid implements Xid {
  private final byte[] global;

  NumberedXid(int number) {
    global = new byte[] {(byte) number};
  }

  @Override
  public int getFormatId() {
    return 5;
  }

  @Override
  public byte[] getGlobalTransactionId() {
    return global;
  }

  @Override
  public byte[] getBranchQualifier() {
    return new byte[] {1};
  }
}

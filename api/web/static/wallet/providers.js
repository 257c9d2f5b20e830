// The wallets of this browser: found by EIP-6963, asked by EIP-1193. Every way to fail has a name that the page can say.

const found = new Map();
const ANNOUNCING_MS = 200;

addEventListener("eip6963:announceProvider", ({ detail }) => {
  found.set(detail.info.uuid, { name: detail.info.name, provider: detail.provider });
});

/** Every wallet that announces itself when it is asked to. */
export async function wallets() {
  dispatchEvent(new Event("eip6963:requestProvider"));
  await new Promise((resolve) => setTimeout(resolve, ANNOUNCING_MS));
  return [...found.values()];
}

/** `reason`: none, rejected, locked, busy, other_account, wrong_chain, or failed. */
export class WalletError extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

const REJECTED = 4001;
const UNAUTHORIZED = 4100;
const UNKNOWN_CHAIN = 4902;
const BUSY = -32002;
const SILENT_SECONDS = 10;

const REASONS = { [REJECTED]: "rejected", [UNAUTHORIZED]: "locked", [BUSY]: "busy" };

/** An unknown chain is told in one of two places. */
const isUnknownChain = (error) =>
  error?.code === UNKNOWN_CHAIN || error?.data?.originalError?.code === UNKNOWN_CHAIN;

export class Wallet {
  /** `silent` is called when the wallet has not answered for a while: it may wait behind another window. */
  constructor(provider, silent = () => {}) {
    this.provider = provider;
    this.silent = silent;
  }

  async ask(method, params) {
    const waiting = setTimeout(this.silent, SILENT_SECONDS * 1000);
    try {
      return await this.provider.request({ method, params });
    } catch (error) {
      if (isUnknownChain(error)) throw error;
      throw new WalletError(REASONS[error?.code] ?? "failed");
    } finally {
      clearTimeout(waiting);
    }
  }

  /** The account that the wallet shows this page. */
  async connect() {
    const [account] = await this.ask("eth_requestAccounts");
    if (!account) throw new WalletError("locked");
    return account;
  }

  /** Refuse to go on with another account than the one the page was opened with. */
  async require(account) {
    const shown = await this.connect();
    if (shown.toLowerCase() !== account.toLowerCase()) throw new WalletError("other_account");
  }

  /** Have the wallet at the city's chain, adding it if the wallet does not know it. */
  async goTo({ chainId, name, node }) {
    const wanted = "0x" + chainId.toString(16);
    if ((await this.ask("eth_chainId")) === wanted) return;
    try {
      await this.ask("wallet_switchEthereumChain", [{ chainId: wanted }]);
    } catch (error) {
      if (!isUnknownChain(error)) throw error;
      const nativeCurrency = { name: "None", symbol: "NONE", decimals: 18 };
      await this.ask("wallet_addEthereumChain", [
        { chainId: wanted, chainName: name, rpcUrls: [node], nativeCurrency },
      ]);
    }
    if ((await this.ask("eth_chainId")) !== wanted) throw new WalletError("wrong_chain");
  }

  /** Sign a text as it is (EIP-191). */
  async signText(account, text) {
    const bytes = new TextEncoder().encode(text);
    const hex = "0x" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return this.#signed(account, "personal_sign", [hex, account]);
  }

  /** Sign a typed document (EIP-712). */
  async signTyped(account, typed) {
    return this.#signed(account, "eth_signTypedData_v4", [account, JSON.stringify(typed)]);
  }

  async #signed(account, method, params) {
    await this.require(account);
    const signature = await this.ask(method, params);
    await this.require(account); // whoever switched while the wallet was asking has signed as somebody else
    return signature;
  }
}

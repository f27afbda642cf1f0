// What the test does inside Thunderbird, by the same functions that its windows
// call. Written for Thunderbird 153 ESR: what a later one names otherwise is to be
// changed here and nowhere else. Marionette runs it with full rights.

const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { MailUtils } = ChromeUtils.importESModule("resource:///modules/MailUtils.sys.mjs");
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
const flags = Ci.nsMsgFolderFlags;

const mainWindow = () => Services.wm.getMostRecentWindow("mail:3pane");
const server = () => MailServices.accounts.defaultAccount.incomingServer;

// until polls for what Thunderbird does later and tells nobody.
async function until(what, found) {
  for (let i = 0; i < 600; i++) {
    const value = await found();
    if (value) {
      return value;
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(`not within a minute: ${what}`);
}

// pathOf is a folder's name with those of its parents.
function pathOf(folder) {
  return folder.isServer ? "" : [pathOf(folder.parent), folder.name].filter(n => n).join("/");
}

// onlineName is what the server calls the folder.
const onlineName = folder => folder.QueryInterface(Ci.nsIMsgImapMailFolder).onlineName;

function find(name) {
  return server().rootFolder.descendants.find(f => onlineName(f) == name);
}

// opened has Thunderbird look into a folder again. What that brings comes later.
async function opened(name) {
  const folder = await until(`folder ${name}`, () => find(name));
  folder.updateFolder(mainWindow().msgWindow);
  return folder;
}

function messageIn(folder, subject) {
  return [...folder.messages].find(h => h.mime2DecodedSubject == subject && !(h.flags & Ci.nsMsgMessageFlags.IMAPDeleted));
}

async function message(name, subject) {
  const folder = await opened(name);
  return until(`${subject} in ${name}`, () => messageIn(folder, subject));
}

// searched asks the server once; undefined if nothing comes of it.
async function searched(folder, attribute, words) {
  const session = Cc["@mozilla.org/messenger/searchSession;1"].createInstance(Ci.nsIMsgSearchSession);
  session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folder);
  const term = session.createTerm();
  const value = term.value;
  value.attrib = Ci.nsMsgSearchAttrib[attribute];
  value.str = words;
  Object.assign(term, { attrib: value.attrib, op: Ci.nsMsgSearchOp.Contains, value, booleanAnd: true });
  session.appendTerm(term);
  const found = [];
  const listener = {
    QueryInterface: ChromeUtils.generateQI(["nsIMsgSearchNotify"]),
    onSearchHit: header => found.push(header.mime2DecodedSubject),
    onNewSearch() {},
  };
  const done = new Promise((resolve, reject) => {
    listener.onSearchDone = status => (Components.isSuccessCode(status) ? resolve(found) : reject(new Error(`search: 0x${status.toString(16)}`)));
  });
  session.registerListener(listener);
  session.search(mainWindow().msgWindow);
  const answer = await Promise.race([done, new Promise(resolve => setTimeout(resolve, 15000))]);
  session.unregisterListener(listener);
  if (!answer) {
    session.interruptSearch();
  }
  return answer;
}

const steps = {
  version: () => Services.appinfo.version,

  async trust(certificate) {
    Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(certificate, "C,,");
  },

  // setUp does what the first window does with a name, an address and a password.
  async setUp(name, address, password) {
    const load = file => ChromeUtils.importESModule(`resource:///modules/${file}.sys.mjs`);
    const { FindConfig } = load("accountcreation/FindConfig");
    const { AccountConfig } = load("accountcreation/AccountConfig");
    const { ConfigVerifier } = load("accountcreation/ConfigVerifier");
    const { CreateInBackend } = load("accountcreation/CreateInBackend");
    load("DNS").DNS.mx = async () => []; // asks the world's DNS; every other name is forced to the test's address
    const { signal } = new AbortController();
    const { value: config } = await FindConfig.parallelAutoDiscovery(address.split("@")[1], address, signal, password, "").next();
    if (!config) {
      throw new Error("no configuration was found");
    }
    AccountConfig.replaceVariables(config, name, address, password);
    config.rememberPassword = true;
    await new ConfigVerifier(mainWindow().msgWindow, signal).verifyConfig(config, false);
    const account = await CreateInBackend.createAccountInBackend(config);
    account.incomingServer.getNewMessages(account.incomingServer.rootFolder, mainWindow().msgWindow, null);
    const { incoming, outgoing, source, subSource } = config;
    const short = s => `${s.type} ${s.hostname}:${s.port} socket ${s.socketType} auth ${s.auth} ${s.username}`;
    return { found: `${source} ${subSource}`, incoming: short(incoming), outgoing: short(outgoing) };
  },

  // folders lists what the left pane shows so far.
  async folders() {
    const uses = { Inbox: flags.Inbox, Drafts: flags.Drafts, Sent: flags.SentMail, Trash: flags.Trash, Junk: flags.Junk, Archive: flags.Archive };
    return server().rootFolder.descendants.map(f => ({
      name: onlineName(f),
      shown: pathOf(f),
      use: Object.keys(uses).filter(u => f.getFlag(uses[u])).join(" "),
    }));
  },

  async create(name) {
    server().rootFolder.createSubfolder(name, mainWindow().msgWindow);
    await opened(name);
  },

  // send writes a mail in a real compose window and presses Send.
  async send(to, subject, text, file) {
    const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
    Object.assign(fields, { to, subject, body: text });
    if (file) {
      const attachment = Cc["@mozilla.org/messengercompose/attachment;1"].createInstance(Ci.nsIMsgAttachment);
      const local = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
      local.initWithPath(file);
      attachment.url = Services.io.newFileURI(local).spec;
      attachment.name = local.leafName;
      attachment.size = local.fileSize;
      fields.addAttachment(attachment);
    }
    const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
    params.composeFields = fields;
    params.identity = MailServices.accounts.defaultAccount.defaultIdentity;
    params.type = Ci.nsIMsgCompType.New;
    params.format = Ci.nsIMsgCompFormat.PlainText;
    MailServices.compose.OpenComposeWindowWithParams(null, params);
    const window = await until("the compose window", () => {
      const w = Services.wm.getMostRecentWindow("msgcompose");
      return w?.composeEditorReady && w;
    });
    await window.GenericSendMessage(Ci.nsIMsgCompDeliverMode.Now);
    await until("the mail is sent", () => window.closed);
  },

  // arrives waits for a message that the server tells of by itself.
  async arrives(name, subject) {
    const folder = find(name);
    const header = await until(`${subject} in ${name}`, () => messageIn(folder, subject));
    return { from: header.mime2DecodedAuthor, read: header.isRead };
  },

  // read shows a message and returns its text and the names of its files.
  async read(name, subject) {
    const header = await message(name, subject);
    const { MsgHdrToMimeMessage } = ChromeUtils.importESModule("resource:///modules/gloda/MimeMessage.sys.mjs");
    const mime = await new Promise(resolve => MsgHdrToMimeMessage(header, null, (h, m) => resolve(m), true));
    return { files: mime.allUserAttachments.map(a => a.name), text: mime.coerceBodyToPlaintext(header.folder), from: header.mime2DecodedAuthor };
  },

  async move(subject, from, to) {
    const header = await message(from, subject);
    const { folder } = header;
    MailServices.copy.copyMessages(folder, [header], await opened(to), true, null, mainWindow().msgWindow, true);
    await until(`${subject} gone from ${from}`, () => !messageIn(folder, subject));
    await message(to, subject);
  },

  async remove(name, subject) {
    const header = await message(name, subject);
    const { folder } = header;
    folder.deleteMessages([header], mainWindow().msgWindow, false, false, null, true);
    await until(`${subject} gone from ${name}`, () => !messageIn(folder, subject));
  },

  async mark(name, subject) {
    const header = await message(name, subject);
    header.folder.markMessagesFlagged([header], true);
    header.folder.markMessagesRead([header], true);
  },

  // subjects lists what a folder holds.
  async subjects(name) {
    const folder = await opened(name);
    return [...folder.messages].map(h => h.mime2DecodedSubject).sort();
  },

  // search asks the server, as "Search Messages" with "Run search on server".
  // Thunderbird sometimes loses a search that comes while it opens a further
  // connection to the folder: it opens it, and asks nothing. A person would press
  // the button again.
  async search(name, attribute, words) {
    for (let tries = 0; tries < 5; tries++) {
      const found = await searched(await until(`folder ${name}`, () => find(name)), attribute, words);
      if (found) {
        return found.sort();
      }
    }
    throw new Error("search: no answer");
  },

  // show opens a folder, and a message in it, for a picture.
  async show(name, subject) {
    const pane = mainWindow().document.getElementById("tabmail").currentAbout3Pane;
    pane.displayFolder(await opened(name));
    if (subject) {
      const header = await message(name, subject);
      await until("the message list", () => pane.gDBView?.findIndexOfMsgHdr(header, true) < 0xffffffff);
      pane.threadTree.selectedIndex = pane.gDBView.findIndexOfMsgHdr(header, true);
    }
    await new Promise(resolve => setTimeout(resolve, 500));
  },
};

return steps[arguments[0]](...arguments[1]);

package policy

import "strings"

// What others call dangerous, as of November 2026. These are facts; the rule
// made of them is in dangerousExtensions.
const (
	// Gmail: "File types blocked in Gmail",
	// https://support.google.com/mail/answer/6590
	gmail = `ade adp apk appx appxbundle bat cab chm cmd com cpl diagcab diagcfg diagpkg dll dmg ex ex_ exe hta
		img ins iso isp jar jnlp js jse lib lnk mde mjs msc msi msix msixbundle msp mst nsh pif ps1 scr sct shb sys
		vb vbe vbs vhd vxd wsc wsf wsh xll`

	// Outlook, "Blocked attachments in Outlook", and the BlockedFileTypes of
	// Exchange's Outlook on the web, counted as one voice.
	// https://support.microsoft.com/office/blocked-attachments-in-outlook-434752e1-02d3-4e90-9124-8b81e49a8519
	outlook = `ade adp app appcontent-ms application appref-ms asp aspx asx bas bat bgi cab cdxml cer chm cmd cnt com
		cpl crt csh der diagcab exe fxp gadget grp hlp hpj hta htc img inf ins iso isp its jar jnlp js jse ksh lnk mad
		maf mag mam maq mar mas mat mau mav maw mcf mda mdb mde mdt mdw mdz mht mhtml msc msh msh1 msh1xml msh2 msh2xml
		mshxml msi msp mst msu ops osd pcd pif pl plg prf prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1
		pssc pst py pyc pyo pyw pyz pyzw reg scf scr sct settingcontent-ms shb shs theme tmp udl url vb vbe vbp vbs
		vhd vhdx vsmacros vsw webpnp website ws wsb wsc wsf wsh xbap xll xml xnk`

	// Microsoft Defender for Office 365, default list of the common
	// attachments filter.
	// https://learn.microsoft.com/defender-office-365/anti-malware-protection-about
	defender = `ace ani apk app appx arj bat cab cmd com deb dex dll docm elf exe hta img iso jar jnlp kext lha lib
		library lnk lzh macho msc msi msix msp mst pif ppa ppam reg rev scf scr sct sys uif vb vbe vbs vxd wsc wsf wsh
		xll xz z`

	// Chromium, download_file_types.asciipb, version 49: danger level
	// DANGEROUS or ALLOW_ON_USER_GESTURE on Windows or everywhere.
	// https://source.chromium.org/chromium/chromium/src/+/main:components/safe_browsing/content/resources/download_file_types.asciipb
	chromium = `accda accdb accde accdr ad ade adp apk app application appref-ms asp asx bas bash bat cer cfg chi chm
		class cmd com cpi cpl crt crx csh deb der desktop dex dll dmg drv efi eml exe fon fxp gadget grp hlp hta htt
		img inf ini ins inx isp isu jar jnlp job js jse ksh lnk local mad maf mag mam manifest maq mar mas mat mau mav
		maw mda mdb mde mdt mdw mdz mht mhtml mmc mof msc msg msh msh1 msh1xml msh2 msh2xml mshxml msi msp mst ocx ops
		oxt paf partial pcd pif pl plg prf prg ps1 ps1xml ps2 ps2xml psc1 psc2 pst py pyc pyd pyo pyw rb reg rels rgs
		rpm scf scr sct search-ms settingcontent-ms sh shar shb shs slk spl swf sys tcsh u3p url vb vbe vbs vbscript
		vdx vsd vsdm vsdx vsmacros vss vssm vssx vst vstm vstx vsw vsx vtx website ws wsc wsf wsh xbap xll xml xnk
		xrm-ms xsd xsl`

	// rspamd, bad_extensions of mime_types.lua.
	// https://github.com/rspamd/rspamd/blob/master/src/plugins/lua/mime_types.lua
	rspamd = `ace ade adp app arj asp bas bat cab chm cmd cnt com cpl csh diagcab exe fxp gadget grp hlp hpj inf ins
		isp its jar jnlp js jse ksh lib lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda mdb mde mdt mdw mdz msc
		msh msh1 msh1xml msh2 msh2xml mshxml msi msp mst msu nsh ops osd pcd pif pl plg prf prg printerexport ps1 ps1xml
		ps2 ps2xml psc1 psc2 psd1 psdm1 pst reg scf scr sct shb shs sys theme url vb vbe vbp vbs vsmacros vsw vxd webpnp
		website ws wsc wsh xbap xll xnk`

	// What this module documents as blocked.
	documented = `exe bat cmd com pif msi scr vbs js jar iso dmg app bin sh bash ps1 pyw pyx`

	// Beyond Windows only Chromium judges, so here its word suffices: macOS
	// and Linux files that it lets nobody open unasked.
	beyondWindows = `action applescript caction command configprofile dart definition desktop dylib fileloc
		internetconnect mobileconfig mpkg networkconnect osas osax pet pkg pup run scpt scptd seplugin service slp
		smi sparsebundle sparseimage tcsh toast udif webloc wflow workflow xip`

	// Ours, each used in attacks by mail since those lists were last revised:
	// variants of what is listed, container images, web queries, deployment
	// and search files.
	ours = `aab avhdx cdxml cjs iqy inetloc ipa library-ms msm osd paf ppkg psm1 rdp search-ms searchconnector-ms
		slk terminal themepack deskthemepack udf vmdk vdi wim wsb xpi zsh fish csh vbscript so o kext`

	documentedMIME = `application/x-executable application/x-msdos-program application/x-dvi application/x-perl
		application/x-python application/x-sh application/x-shellscript`

	// Other names of the same types.
	documentedMIMEAliases = `application/x-msdownload application/x-dosexec application/x-msi application/x-ms-installer
		application/vnd.microsoft.portable-executable application/x-elf application/x-mach-binary application/java-archive
		application/x-java-archive application/x-bat application/x-msdos-batch application/hta application/x-csh
		application/x-ms-shortcut application/x-apple-diskimage application/x-iso9660-image text/x-shellscript
		text/x-python text/x-perl application/x-vbs text/vbscript text/scriptlet`
)

// agreement is how many of the five voices make an extension dangerous.
const agreement = 2

// dangerousExtensions returns what at least two of the five agree on, and what
// is blocked besides.
func dangerousExtensions() []string {
	votes := make(map[string]int)
	for _, voice := range []string{gmail, outlook, defender, chromium, rspamd} {
		for _, ext := range strings.Fields(voice) {
			votes[ext]++
		}
	}
	var exts []string
	for ext, n := range votes {
		if n >= agreement && !isInert(ext) {
			exts = append(exts, ext)
		}
	}
	for _, list := range []string{documented, beyondWindows, ours} {
		exts = append(exts, strings.Fields(list)...)
	}
	return exts
}

// isInert exempts what two voices list and offices exchange daily all the same:
// XML (invoices, for one) and certificates of correspondents.
func isInert(ext string) bool {
	switch ext {
	case "xml", "cer", "crt", "der":
		return true
	}
	return false
}

func documentedTypes() []string {
	return strings.Fields(documentedMIME + " " + documentedMIMEAliases)
}

// isAmbiguous lists blocked extensions that occur within harmless names, as
// domains ("www.example.com.pdf"), words ("Node.js notes.pdf") or versions.
func isAmbiguous(ext string) bool {
	switch ext {
	case "com", "app", "sh", "pl", "py", "rs", "js", "ps", "bin", "ins", "its", "mat", "mar", "mas", "mad", "mag", "mam", "mav", "maw",
		"theme", "url", "grp", "run", "service", "action", "definition", "command", "workflow", "website", "application", "library",
		"prg", "prf", "ad", "toast", "dart", "pet", "pup", "img", "inf", "lib", "o", "so", "ops", "pcd", "class", "local", "manifest",
		"smi", "slp", "msg", "vb", "ws", "job", "cnt", "cpi", "asp", "bas", "plg", "tmp", "reg", "deb":
		return true
	}
	return false
}

func archiveExtensions() []string {
	return strings.Fields(`zip zipx rar r00 r01 7z tar gz tgz taz bz bz2 tbz tbz2 xz txz zst tzst lz lzma z cab arj lzh
		lha ace cpio cpgz hqx uue uu sit sitx alz egg arc zoo pak 001`)
}

func webExtensions() []string {
	return strings.Fields(`html htm xhtml xht xhtm shtml shtm sht dhtml dhtm ehtml htt svg svgz mht mhtml xsl xslt swf wasm`)
}

// macroExtensions are formats that exist for their macros.
func macroExtensions() []string {
	return strings.Fields(`docm dotm xlsm xltm xlam xlsb pptm potm ppsm ppam sldm vsdm vssm vstm xla xlm ppa`)
}

// admitsMacros tells formats that a reader knows may carry macros.
func admitsMacros(ext string) bool {
	switch ext {
	case "doc", "dot", "xls", "xlt", "xlw", "ppt", "pps", "pot", "mpp", "vsd", "vss", "vst", "pub", "xml",
		"odt", "ott", "ods", "ots", "odp", "otp", "odg", "otg", "odb", "odm", "sxw", "sxc", "sxi":
		return true
	}
	for _, capable := range macroExtensions() {
		if ext == capable {
			return true
		}
	}
	return false
}

